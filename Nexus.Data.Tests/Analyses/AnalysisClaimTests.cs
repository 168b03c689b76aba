using Microsoft.EntityFrameworkCore;
using Nexus.Data.Analyses;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tests.Analyses;

/// <summary>Handing jobs to workers, and what leases are worth.</summary>
public sealed class AnalysisClaimTests : AnalysisTest
{
    [Test]
    public async Task Jobs_are_handed_out_by_the_time_when_they_are_due_each_with_a_lease_of_its_own()
    {
        var ids = new List<long>();
        foreach (var minutes in (int[])[1, 3, 2, -5])
        {
            ids.Add(await OrderAsync($"{minutes}"));
            await SetAsync(ids[^1], $"due_at = now() - interval '{minutes} minutes'");
        }

        var first = await Queue.ClaimAsync("worker-1", 2, Lease);
        var second = await Queue.ClaimAsync("worker-2", 10, Lease);

        Assert.That(first.Select(job => job.Id), Is.EqualTo(new[] { ids[1], ids[2] }));
        Assert.That(second.Select(job => job.Id), Is.EqualTo(new[] { ids[0] }), "One is not due yet.");
        Assert.That(first.Concat(second).Select(job => job.LeaseId).Distinct(), Has.Exactly(3).Items);
        var row = await ReadAsync(ids[1]);
        Assert.That(
            first[0],
            Is.EqualTo(new AnalysisJob(
                ids[1], row.LeaseId!.Value, row.LeaseExpiresAt!.Value, "worker-1", row.ConversationId, "main", Train, "3", 0,
                row.CreatedAt)));
        Assert.That(row.Status, Is.EqualTo(ConversationAnalysisStatus.Processing));
        Assert.That(row.LeaseExpiresAt - row.UpdatedAt, Is.EqualTo(Lease).Within(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task A_job_that_somebody_holds_is_passed_over()
    {
        var (first, second) = (await OrderAsync(), await OrderAsync());
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"SELECT FROM conversation_analyses WHERE id = {first} FOR UPDATE");

        var jobs = await Queue.ClaimAsync("worker-1", 1, Lease);

        Assert.That(jobs.Single().Id, Is.EqualTo(second));
    }

    [Test]
    [Category("Load")]
    public async Task Workers_at_once_get_each_job_once()
    {
        await OrderManyAsync(500);

        var claimed = await Task.WhenAll(Enumerable.Range(0, 16).Select(async worker =>
        {
            var mine = new List<AnalysisJob>();
            while (await Queue.ClaimAsync($"worker-{worker}", 7, Lease) is { Count: > 0 } jobs)
            {
                mine.AddRange(jobs);
            }

            return mine;
        }));

        var all = claimed.SelectMany(jobs => jobs).Select(job => job.Id).ToList();
        Assert.That(all, Has.Count.EqualTo(500).And.Unique);
    }

    [Test]
    public async Task What_a_dead_worker_left_waits_again_with_a_note()
    {
        var job = await JobAsync();
        await LetLeaseRunOutAsync(job.Id);

        var jobs = await Queue.ClaimAsync("worker-2", 10, Lease);

        var row = await ReadAsync(job.Id);
        Assert.That(jobs, Is.Empty, "It backs off first.");
        Assert.That(
            (row.Status, row.RetryCount, row.LeaseId, row.LeaseOwner, row.LeaseExpiresAt, row.CompletedAt),
            Is.EqualTo((ConversationAnalysisStatus.Pending, 1, default(Guid?), default(string), default(DateTimeOffset?),
                default(DateTimeOffset?))));
        Assert.That(row.DueAt - row.UpdatedAt, Is.InRange(TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(2)));
        Assert.That(row.ErrorMessage, Does.Contain("retry_1").And.Contain("stuck_job").And.Contain("worker-1"));
        Assert.That((await AuditedAsync())[^1], Is.EqualTo("ANALYSIS_COMPLETION FAILURE"));
    }

    [Test]
    public async Task What_a_dead_worker_left_too_often_has_failed()
    {
        var (job, held) = (await JobAsync(), await JobAsync());
        await SetAsync(job.Id, "retry_count = 3, lease_expires_at = now() - interval '1 second'");

        var recovery = await Queue.RecoverAsync();

        var row = await ReadAsync(job.Id);
        Assert.That(recovery, Is.EqualTo(new AnalysisRecovery(0, 1)));
        Assert.That((row.Status, row.RetryCount), Is.EqualTo((ConversationAnalysisStatus.Failed, 3)));
        Assert.That(row.CompletedAt, Is.Not.Null);
        Assert.That(row.ErrorMessage, Does.Contain("final_error").And.Contain("stuck_job"));
        Assert.That((await ReadAsync(held.Id)).LeaseId, Is.EqualTo(held.LeaseId));
    }

    [TestCase(4, false)]
    [TestCase(6, true)]
    public async Task A_job_without_a_lease_is_lost_when_nobody_touched_it_for_five_minutes(int minutes, bool isLost)
    {
        var id = await OrderAsync();
        await SetUpdatedAsync(id, $"status = 'processing', updated_at = now() - interval '{minutes} minutes'");

        var recovery = await Queue.RecoverAsync();

        Assert.That(recovery, Is.EqualTo(new AnalysisRecovery(isLost ? 1 : 0, 0)));
        Assert.That((await ReadAsync(id)).Status, Is.EqualTo(
            isLost ? ConversationAnalysisStatus.Pending : ConversationAnalysisStatus.Processing));
    }

    [Test]
    public async Task Any_number_of_lost_jobs_is_recovered_whatever_their_errors_say()
    {
        await OrderManyAsync(250);
        await Queue.ClaimAsync("worker-1", 1_000, Lease);
        await using (var db = OpenContext())
        {
            await db.Database.ExecuteSqlRawAsync(
                """
                UPDATE conversation_analyses SET lease_expires_at = now() - interval '1 second', retry_count = nullif(id % 3, 0),
                    error_message = (ARRAY['{{not JSON', NULL, '[1]', 'plain', '{{"retry_1": {{"message": "\u0000"}}}}'])[1 + id % 5]
                """);
        }

        var recovery = await Queue.RecoverAsync();

        Assert.That(recovery, Is.EqualTo(new AnalysisRecovery(250, 0)));
        await using var read = OpenContext();
        var rows = await read.Analyses.AsNoTracking().ToListAsync();
        Assert.That(rows.Select(row => row.Status), Is.All.EqualTo(ConversationAnalysisStatus.Pending));
        Assert.That(
            await read.Database.ExecuteSqlRawAsync("UPDATE conversation_analyses SET analysis_data = error_message::jsonb"),
            Is.EqualTo(250), "Every history is JSON that jsonb takes.");
    }

    [Test]
    public async Task A_heartbeat_prolongs_what_is_held_and_tells_what_was_lost()
    {
        var (held, lost, taken) = (await JobAsync(), await JobAsync(), await JobAsync());
        await LetLeaseRunOutAsync(lost.Id);
        await Queue.RegenerateAsync(taken.ConversationId, "main", new(), Audit);

        var still = await Queue.HeartbeatAsync([held, lost, taken], TimeSpan.FromHours(2));

        Assert.That(still.Select(job => job.Id), Is.EqualTo(new[] { held.Id }));
        Assert.That(still[0].LeaseExpiresAt - held.LeaseExpiresAt, Is.GreaterThan(TimeSpan.FromMinutes(118)));
        Assert.That((await ReadAsync(held.Id)).LeaseExpiresAt, Is.EqualTo(still[0].LeaseExpiresAt));
    }

    [Test]
    public async Task In_a_long_transaction_too_a_lease_runs_out_by_the_time_it_is_now()
    {
        var job = await JobAsync();
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlRawAsync("SELECT 1");
        await SetAsync(job.Id, "lease_expires_at = clock_timestamp() + interval '0.2 seconds'");
        await Task.Delay(500);

        var counted = await Queue.In(db).CompleteAsync(job, new() { Content = "Late." });

        Assert.That(counted, Is.False);
    }

    [TestCase("worker", 0, 1)]
    [TestCase("worker", 1_001, 1)]
    [TestCase("worker", 1, 0)]
    [TestCase("worker", 1, 90_000)]
    [TestCase(" ", 1, 1)]
    public void A_claim_that_cannot_be_meant_is_refused(string worker, int count, int seconds)
        => Assert.That(
            () => Queue.ClaimAsync(worker, count, TimeSpan.FromSeconds(seconds)), Throws.InstanceOf<ArgumentException>());

    [Test]
    public async Task Among_many_done_ones_a_claim_reads_an_index_of_what_waits()
    {
        await OrderManyAsync(10);
        await using var db = OpenContext();
        await db.Database.ExecuteSqlRawAsync(
            """
            INSERT INTO conversation_analyses (conversation_id, status, due_at)
            SELECT gen_random_uuid(), CASE WHEN i % 11 = 0 THEN 'pending' ELSE 'completed' END::conversation_analysis_status,
                   now() - i * interval '1 second'
            FROM generate_series(1, 11000) i
            """);
        await AdministerAsync("ANALYZE conversation_analyses");

        var plan = await db.ReadAllAsync(
            "EXPLAIN " + AnalysisStatements.Claim.Replace("@count", "10").Replace("@worker", "'w'")
                .Replace("@length", "interval '1 minute'"),
            [], row => row.GetString(0), CancellationToken.None);

        Assert.That(string.Join('\n', plan), Does.Contain("Index Scan using idx_conversation_analyses_due").And.Not.Contain("Seq Scan"));
    }

    private async Task OrderManyAsync(int count)
    {
        var conversations = Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).ToArray();
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO conversation_analyses (conversation_id, train_id) SELECT unnest({conversations}), {Train}");
    }

    // A trigger writes the time of the last change.
    private Task SetUpdatedAsync(long id, string assignments)
        => AdministerAsync(
            $"""
            ALTER TABLE conversation_analyses DISABLE TRIGGER USER;
            UPDATE conversation_analyses SET {assignments} WHERE id = {id};
            ALTER TABLE conversation_analyses ENABLE TRIGGER USER
            """);
}
