using Nexus.Data.Conversations;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Conversations.Rebuilding;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Recording;

public sealed class RequestPrunerTests : RebuildTest
{
    private static readonly DateTimeOffset _never = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // What refers to a request that is not there, or belongs to one.
    private const string Dangling =
        """
        SELECT 'parent', r.request_id FROM api_requests r WHERE r.parent_request_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = r.parent_request_id)
        UNION ALL SELECT 'retry', r.request_id FROM api_requests r WHERE r.retry_of_request_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = r.retry_of_request_id)
        UNION ALL SELECT 'task', r.request_id FROM api_requests r WHERE r.parent_task_request_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = r.parent_task_request_id)
        UNION ALL SELECT 'prompt', p.request_id FROM task_prompts p
          WHERE NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = p.request_id)
             OR (p.subtask_request_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = p.subtask_request_id))
        UNION ALL SELECT 'key', k.request_id FROM summary_keys k
          WHERE NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = k.request_id)
        UNION ALL SELECT 'wait', w.request_id FROM link_waits w
          WHERE NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = w.request_id)
        UNION ALL SELECT 'chunk', c.request_id FROM streaming_chunks c
          WHERE NOT EXISTS (SELECT FROM api_requests o WHERE o.request_id = c.request_id)
        UNION ALL SELECT 'analysis', a.conversation_id FROM conversation_analyses a
          WHERE NOT EXISTS (SELECT FROM api_requests o WHERE o.conversation_id = a.conversation_id)
        """;

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(500)]
    public async Task Old_conversations_go_as_a_whole_with_all_that_hangs_on_them(int batch)
    {
        await ImportGoldenAsync();
        await ImportTrafficAsync(new() { Seed = 11, BodyBytes = 1_500 }, 300);
        await AdministerAsync(
            """
            INSERT INTO streaming_chunks (request_id, chunk_index, "timestamp", data)
            SELECT request_id, 0, "timestamp", '{}' FROM api_requests;
            INSERT INTO conversation_analyses (conversation_id) SELECT DISTINCT conversation_id FROM api_requests
            WHERE conversation_id IS NOT NULL;
            INSERT INTO analysis_audit_log (event_type, outcome, conversation_id, branch_id, train_id, request_id)
            SELECT 'asked', 'done', conversation_id, 'main', 't', 'r' FROM conversation_analyses
            """);
        var all = await ReadAllAsync();
        var before = all[all.Count / 2].Timestamp;
        var stays = all.Where(row => row.Timestamp >= before || (row.ConversationId is not null
                && all.Exists(other => other.ConversationId == row.ConversationId && other.Timestamp >= before)))
            .Select(row => row.RequestId).ToList();
        var links = await LinksAsync();

        var dry = await PruneAsync(before, prune => (prune.Execute, prune.BatchSize) = (false, batch));
        AssertSame(await LinksAsync(), links);
        var report = await PruneAsync(before, prune => prune.BatchSize = batch);
        var again = await PruneAsync(before);

        Assert.Multiple(async () =>
        {
            Assert.That((await ReadAllAsync()).Select(row => row.RequestId), Is.EquivalentTo(stays));
            Assert.That(report.Requests, Is.EqualTo(all.Count - stays.Count).And.GreaterThan(50));
            Assert.That(stays, Has.Count.GreaterThan(50));
            Assert.That(report.Bytes, Is.GreaterThan(10_000));
            Assert.That(report.Trains, Is.EqualTo(dry.Trains));
            Assert.That((dry.Executed, report.Executed, report.IsComplete), Is.EqualTo((false, true, true)));
            Assert.That((again.Requests, again.Kept), Is.EqualTo((0L, 0L)));
            Assert.That(await RowsAsync(Dangling), Is.Empty);
            Assert.That(await CountAsync("streaming_chunks"), Is.EqualTo(stays.Count));
            Assert.That(await CountAsync("analysis_audit_log"), Is.EqualTo(
                all.Select(row => row.ConversationId).OfType<Guid>().Distinct().Count()));
        });

        // What stays stands where a rebuild would put it. How many could have been the parent may be fewer by now.
        var rebuild = await RebuildAsync(rebuild => rebuild.Execute = false);
        Assert.That(
            rebuild.Trains.SelectMany(train => train.Changes)
                .Where(change => change.ConversationBefore != change.ConversationId || change.BranchBefore != change.BranchId),
            Is.Empty);
    }

    [Test]
    public async Task Other_trains_stay_and_a_conversation_of_two_goes_only_where_both_are_named()
    {
        await ImportGoldenAsync();
        var all = await ReadAllAsync();
        var trains = all.Select(row => row.TrainId).Distinct().Order(StringComparer.Ordinal).ToList();
        var shared = all.First(row => row.TrainId == trains[0] && row.ConversationId is not null).ConversationId!.Value;
        var other = all.First(row => row.TrainId == trains[1] && row.ConversationId is not null).ConversationId!.Value;
        await ChangeRequestsAsync($"UPDATE api_requests SET conversation_id = '{shared}' WHERE conversation_id = '{other}'");
        all = await ReadAllAsync();

        var first = await PruneAsync(_never, prune => prune.TrainIds = [trains[0]]);
        var left = await ReadAllAsync();
        await PruneAsync(_never, prune => prune.TrainIds = trains);

        Assert.That(left.Select(row => row.RequestId), Is.EquivalentTo(
            all.Where(row => row.TrainId != trains[0] || row.ConversationId == shared).Select(row => row.RequestId)));
        Assert.That(first.Trains.Single().TrainId, Is.EqualTo(trains[0]));
        Assert.That(await ReadAllAsync(), Is.Empty);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Without_their_bodies_requests_stand_where_they_stood_after_any_rebuild(bool rehash)
    {
        await ImportGoldenAsync();
        await ImportTrafficAsync(new() { Seed = 12, BodyBytes = 1_500 }, 200);
        await AdministerAsync(
            """
            INSERT INTO streaming_chunks (request_id, chunk_index, "timestamp", data)
            SELECT request_id, 0, "timestamp", '{}' FROM api_requests
            """);
        var links = await LinksAsync();
        var usage = await RowsAsync(Usage);

        var report = await PruneAsync(_never, prune => prune.PayloadOnly = true);
        var again = await PruneAsync(_never, prune => prune.PayloadOnly = true);
        var rebuilt = await RebuildAsync(rebuild => rebuild.Rehash = rehash);

        Assert.That((report.Requests, report.Kept), Is.EqualTo((325L, 0L)));
        Assert.That((again.Requests, again.Kept), Is.EqualTo((0L, 0L)));
        Assert.That(rebuilt.ChangedRequests, Is.Zero);
        Assert.That(rebuilt.Trains.Sum(train => train.ChangedDetails), Is.Zero);
        AssertSame(await LinksAsync(), links);
        AssertSame(await RowsAsync(Usage), usage);
        Assert.That(await RowsAsync("SELECT 1 FROM api_requests WHERE link_kind = 'continuation'"), Is.Not.Empty);
        Assert.That(await CountAsync("streaming_chunks"), Is.Zero);
        Assert.That(
            await RowsAsync(
                """
                SELECT request_id FROM api_requests
                WHERE body IS NOT NULL OR body_original IS NOT NULL OR response_body_original IS NOT NULL
                   OR response_body <> 'null' OR headers <> '{}' OR response_headers IS NOT NULL
                   OR task_tool_invocation IS NOT NULL
                """),
            Is.Empty);
    }

    [Test]
    public async Task Bodies_that_linking_has_still_to_read_stay()
    {
        await ImportGoldenAsync();
        await AdministerAsync(
            "UPDATE api_requests SET link_facts = NULL WHERE link_kind = 'root'; "
            + "UPDATE api_requests SET unlinked_because = 'Waits.' WHERE link_kind = 'subtask'");
        var kept = await CountAsync("api_requests WHERE link_kind IN ('root', 'subtask')");

        var report = await PruneAsync(_never, prune => prune.PayloadOnly = true);

        Assert.That((report.Kept, report.Requests), Is.EqualTo((kept, 125 - kept)));
        Assert.That(await CountAsync("api_requests WHERE body IS NOT NULL"), Is.EqualTo(kept));
        Assert.That(kept, Is.GreaterThan(10));
    }

    [Test]
    public async Task A_conversation_that_gets_a_request_at_that_moment_stays_whole()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var other = Bodies.Request(1, "other").Answered("c");
        await StoreAsync(root, other);
        var child = Bodies.Request(60, "a", "b", "c");
        await using var writer = OpenContext();
        await using var transaction = await writer.Database.BeginTransactionAsync();
        writer.Add(child);
        await new ConversationLinker(writer).LinkAsync(child);
        await writer.SaveChangesAsync();

        var prune = PruneAsync(Bodies.Noon.AddMinutes(30));
        await Server.WaitForAsync(await AdministratorAsync(), "wait_event = 'advisory'", () => prune.IsCompleted);
        await transaction.CommitAsync();
        var report = await prune;

        Assert.That(report.Requests, Is.EqualTo(1));
        Assert.That(
            (await ReadAllAsync()).Select(row => (row.RequestId, row.ParentRequestId)),
            Is.EqualTo(new[] { (root.RequestId, default(Guid?)), (child.RequestId, root.RequestId) }));
    }

    [Test]
    public async Task Beside_writers_that_go_on_with_old_conversations_nothing_hangs_in_the_air()
    {
        var roots = Enumerable.Range(0, 60).Select(i => Bodies.Request(i * 0.1, $"a{i}").Answered("b")).ToArray();
        await StoreAsync(roots);
        using var start = new SemaphoreSlim(0);

        var writers = Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            await start.WaitAsync();
            for (var i = w; i < roots.Length; i += 4)
            {
                await StoreAsync(Bodies.Request(600 + i, $"a{i}", "b", "c"));
            }
        })).ToList();
        start.Release(4);
        var report = await PruneAsync(
            Bodies.Noon.AddMinutes(30), prune => (prune.BatchSize, prune.Pause) = (3, TimeSpan.FromMilliseconds(5)));
        await Task.WhenAll(writers);
        await using (var db = OpenContext())
        {
            await new ConversationLinker(db).LinkDeferredAsync();
        }

        var left = await ReadAllAsync();
        Assert.Multiple(async () =>
        {
            Assert.That(await RowsAsync(Dangling), Is.Empty);
            Assert.That(left.Where(row => row.UnlinkedBecause is not null), Is.Empty);
            Assert.That(left, Has.Count.EqualTo(120 - report.Requests));

            // Each root that stayed has its child, and each child whose root went has begun a conversation.
            Assert.That(left.Count(row => row.ParentRequestId is not null), Is.EqualTo(60 - report.Requests));
        });
    }

    [Test]
    public async Task What_a_request_that_stays_refers_to_stays_with_its_conversation()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var next = Bodies.Request(1, "a", "b", "c");
        var young = Bodies.Request(60, "young");
        var single = Bodies.Request(2, "single");
        var retry = Bodies.Request(61, "again");
        await StoreAsync(root, next, young, single, retry);

        // As another program may have left them.
        await ChangeRequestsAsync(
            $"""
            UPDATE api_requests SET parent_request_id = '{root.RequestId}' WHERE request_id = '{young.RequestId}';
            UPDATE api_requests SET conversation_id = NULL WHERE request_id IN ('{single.RequestId}', '{retry.RequestId}');
            UPDATE api_requests SET retry_of_request_id = '{single.RequestId}' WHERE request_id = '{retry.RequestId}'
            """);

        var report = await PruneAsync(Bodies.Noon.AddMinutes(30));

        Assert.That((report.Requests, report.Kept), Is.EqualTo((0L, 3L)));
        Assert.That(await ReadAllAsync(), Has.Count.EqualTo(5));
    }

    [Test]
    public async Task A_foreign_key_of_another_program_is_told_and_stops_it()
    {
        await StoreAsync(Bodies.Request(0, "a"));
        await AdministerAsync(
            "CREATE TABLE bookmarks (request_id uuid CONSTRAINT marks REFERENCES api_requests ON DELETE CASCADE)");

        var dry = await PruneAsync(_never, prune => prune.Execute = false);

        Assert.That(dry.References.Single(), Is.EqualTo("bookmarks (marks)"));
        Assert.That(
            () => PruneAsync(_never),
            Throws.TypeOf<NexusDataException>().With.Message.Contains("bookmarks (marks)")
                .And.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Conflict));
        Assert.That(await ReadAllAsync(), Has.Count.EqualTo(1));
        Assert.That((await PruneAsync(_never, prune => prune.PayloadOnly = true)).Requests, Is.EqualTo(1));
    }

    [Test]
    public async Task Out_of_time_or_stopped_it_ends_between_batches_and_the_next_run_goes_on()
    {
        await StoreAsync([.. Enumerable.Range(0, 6).Select(i => Bodies.Request(i, $"a{i}"))]);

        var none = await PruneAsync(_never, prune => prune.MaxDuration = TimeSpan.Zero);
        using var stop = new CancellationTokenSource();
        var stopped = PruneAsync(
            _never, prune => (prune.BatchSize, prune.Progress) = (2, new Reaction(progress =>
            {
                if (progress.Requests >= 4)
                {
                    stop.Cancel();
                }
            })),
            stop.Token);

        Assert.That((none.IsComplete, none.Requests), Is.EqualTo((false, 0L)));
        Assert.That(() => stopped, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ReadAllAsync(), Has.Count.EqualTo(2));
        Assert.That((await PruneAsync(_never)).Requests, Is.EqualTo(2));
    }

    private const string Usage =
        """
        SELECT request_id, model, input_tokens, output_tokens, total_tokens, usage_data, response_status, error, duration_ms,
               completed_at, tool_call_count
        FROM api_requests ORDER BY request_id
        """;

    private Task<PruneReport> PruneAsync(
        DateTimeOffset before, Action<PruneOptions>? how = null, CancellationToken cancellationToken = default)
    {
        var options = new PruneOptions { Before = before, Execute = true, Pause = TimeSpan.Zero };
        how?.Invoke(options);
        return new RequestPruner(new Contexts(ConnectionString)).PruneAsync(options, cancellationToken);
    }

    private async Task<long> CountAsync(string from)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {from}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private sealed class Reaction(Action<PruneProgress> react) : IProgress<PruneProgress>
    {
        public void Report(PruneProgress value) => react(value);
    }
}
