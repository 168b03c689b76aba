using Nexus.Data.Analyses;

namespace Nexus.Data.Tests.Analyses;

/// <summary>Looking at analyses.</summary>
public sealed class AnalysisReadTests : AnalysisTest
{
    [Test]
    public async Task An_analysis_is_found_by_its_branch_and_by_its_number()
    {
        var job = await JobAsync();
        await Queue.CompleteAsync(job, new() { Content = "Good.", Data = "{}", Model = "m", PromptTokens = 1, CompletionTokens = 2 });

        var found = await Queue.FindAsync(job.ConversationId, "main");

        Assert.That(found, Is.EqualTo(await Queue.FindAsync(job.Id)));
        Assert.That(
            (found!.Content, found.Data, found.Model, found.PromptTokens, found.CompletionTokens, found.Summary.Status, found.Summary.TrainId),
            Is.EqualTo(("Good.", "{}", "m", 1, 2, ConversationAnalysisStatus.Completed, Train)));
        Assert.That(await Queue.FindAsync(job.ConversationId, "other"), Is.Null);
        Assert.That(await Queue.FindAsync(job.ConversationId, "a\0b"), Is.Null);
        Assert.That(await Queue.FindAsync(4_711), Is.Null);
        Assert.That(await AuditedAsync(), Does.Not.Contain("ANALYSIS_RETRIEVAL SUCCESS"));
    }

    [Test]
    public async Task Who_sees_an_analysis_is_audited_where_there_is_one()
    {
        var job = await JobAsync();

        var found = await Queue.RetrieveAsync(job.ConversationId, "main", new("call-9") { UserContext = """{"ip": "::1"}""" });
        var none = await Queue.RetrieveAsync(Guid.NewGuid(), "main", Audit);

        var entry = (await Service<AuditLog>().ListAsync(new() { EventType = AuditEvents.Retrieval })).Single();
        Assert.That((found!.Summary.Id, none), Is.EqualTo((job.Id, default(AnalysisDetails))));
        Assert.That(
            (entry.ConversationId, entry.BranchId, entry.TrainId, entry.RequestId, entry.UserContext, entry.Outcome),
            Is.EqualTo((job.ConversationId, "main", Train, "call-9", """{"ip": "::1"}""", AuditOutcomes.Success)));
        Assert.That(entry.Metadata, Does.Contain("processing").And.Contain($"{job.Id}"));
    }

    [Test]
    public async Task Lists_are_narrowed_down_and_paged_by_number()
    {
        var ids = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await OrderAsync(train: i == 4 ? "other" : Train));
        }

        var jobs = await Queue.ClaimAsync("worker-1", 3, Lease);
        await LetLeaseRunOutAsync(jobs[0].Id);
        await Queue.FailAsync(jobs[1], new("Broken.") { IsRetryable = false });

        Assert.Multiple(async () =>
        {
            Assert.That(await IdsAsync(), Is.EqualTo(ids.AsEnumerable().Reverse()));
            Assert.That(await IdsAsync(before: ids[3], pageSize: 2), Is.EqualTo(new[] { ids[2], ids[1] }));
            Assert.That(await IdsAsync(new() { TrainId = "other" }), Is.EqualTo(new[] { ids[4] }));
            Assert.That(await IdsAsync(new() { Status = ConversationAnalysisStatus.Pending, TrainId = Train }), Is.EqualTo(new[] { ids[3] }));
            Assert.That(await IdsAsync(new() { ConversationId = jobs[2].ConversationId }), Is.EqualTo(new[] { jobs[2].Id }));
            Assert.That(await IdsAsync(new() { StuckOnly = true }), Is.EqualTo(new[] { jobs[0].Id }));
            var failed = (await Queue.ListAsync(new() { Status = ConversationAnalysisStatus.Failed })).Single();
            Assert.That((failed.Id, failed.Error, failed.IsStuck), Is.EqualTo((jobs[1].Id, "Broken.", false)));
            Assert.That((await Queue.ListAsync(new() { StuckOnly = true })).Single().Worker, Is.EqualTo("worker-1"));
            Assert.That(() => Queue.ListAsync(pageSize: 0), Throws.InstanceOf<ArgumentException>());
        });
    }

    [Test]
    public async Task Counts_tell_what_is_due_and_what_is_stuck()
    {
        for (var i = 0; i < 6; i++)
        {
            await OrderAsync(train: i == 5 ? "other" : Train);
        }

        var jobs = await Queue.ClaimAsync("worker-1", 4, Lease);
        await LetLeaseRunOutAsync(jobs[0].Id);
        await Queue.CompleteAsync(jobs[1], new() { Content = "Good." });
        await Queue.FailAsync(jobs[2], new("Bad.") { IsRetryable = false });
        var waiting = (await Queue.ListAsync(new() { Status = ConversationAnalysisStatus.Pending }))[^1];
        await SetAsync(waiting.Id, "due_at = now() + interval '1 hour'");

        var all = await Queue.CountAsync();
        var other = await Queue.CountAsync("other");

        Assert.That(all with { OldestDue = null }, Is.EqualTo(new AnalysisCounts(2, 2, 1, 1, 1, 1, null)));
        Assert.That(all.OldestDue, Is.Not.Null.And.EqualTo(other.OldestDue));
        Assert.That(other with { OldestDue = null }, Is.EqualTo(new AnalysisCounts(1, 0, 0, 0, 1, 0, null)));
    }

    [Test]
    public async Task Rows_of_the_original_are_shown_whatever_they_hold()
    {
        var id = await OrderAsync();
        await SetAsync(id, "train_id = NULL, retry_count = NULL, error_message = 'plain {{ text', status = 'failed'");

        var found = (await Queue.FindAsync(id))!;

        Assert.That(
            (found.Summary.TrainId, found.Summary.RetryCount, found.Summary.Error, found.Errors),
            Is.EqualTo((default(string), 0, "plain { text", "plain { text")));
    }

    private async Task<IEnumerable<long>> IdsAsync(AnalysisFilter? filter = null, long? before = null, int pageSize = 100)
        => (await Queue.ListAsync(filter, before, pageSize)).Select(analysis => analysis.Id);
}
