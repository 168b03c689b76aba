using Microsoft.EntityFrameworkCore;
using Nexus.Data.Analyses;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Recording;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Recording;

namespace Nexus.Data.Tests.Analyses;

/// <summary>Ordering analyses, once and anew.</summary>
public sealed class AnalysisOrderTests : AnalysisTest
{
    [Test]
    public async Task An_order_waits_for_a_worker_with_the_conversations_train()
    {
        var conversation = await NewConversationAsync("branch_1");

        var result = await Queue.EnqueueAsync(conversation, "branch_1", new() { CustomPrompt = "Why?" }, Audit);

        var row = await ReadAsync(result.Id);
        Assert.That(result, Is.EqualTo(new AnalysisOrderResult(
            row.Id, AnalysisOrderOutcome.Created, ConversationAnalysisStatus.Pending)));
        Assert.That(
            (row.ConversationId, row.BranchId, row.TrainId, row.Status, row.CustomPrompt, row.RetryCount, row.LeaseId),
            Is.EqualTo((conversation, "branch_1", Train, ConversationAnalysisStatus.Pending, "Why?", 0, default(Guid?))));
    }

    [TestCase("no-such-branch")]
    [TestCase("a\0b")]
    [TestCase("LONG")]
    public async Task A_branch_that_is_not_there_has_no_analysis(string branch)
    {
        var conversation = await NewConversationAsync();
        branch = branch == "LONG" ? new('x', 300) : branch;

        Assert.That(
            () => Queue.EnqueueAsync(conversation, branch, new(), Audit),
            Throws.InstanceOf<NexusDataException>()
                .With.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.NotFound)
                .And.Message.Contains($"{conversation}"));
        Assert.That(await AuditedAsync(), Is.Empty);
    }

    [Test]
    public async Task Ordered_again_a_branch_keeps_its_analysis_and_the_answer_says_how_far_it_is()
    {
        var conversation = await NewConversationAsync();
        var created = await OrderAsync(conversation, "first");
        var waiting = await OrderAsync(conversation, "second");
        var job = (await Queue.ClaimAsync("worker-1", 1, Lease)).Single();
        var processing = await OrderAsync(conversation, "third");
        await Queue.CompleteAsync(job, new() { Content = "Because." });
        var completed = await OrderAsync(conversation, "fourth");

        Assert.That(
            new[] { created, waiting, processing, completed }.Select(result => (result.Id, result.Outcome, result.Status)),
            Is.EqualTo(new[]
            {
                (created.Id, AnalysisOrderOutcome.Created, ConversationAnalysisStatus.Pending),
                (created.Id, AnalysisOrderOutcome.Waiting, ConversationAnalysisStatus.Pending),
                (created.Id, AnalysisOrderOutcome.Processing, ConversationAnalysisStatus.Processing),
                (created.Id, AnalysisOrderOutcome.Completed, ConversationAnalysisStatus.Completed),
            }));
        var row = await ReadAsync(created.Id);
        Assert.That((row.CustomPrompt, row.AnalysisContent), Is.EqualTo(("first", "Because.")));
    }

    [Test]
    public async Task Ordered_again_what_failed_begins_anew()
    {
        var job = await JobAsync();
        await Queue.FailAsync(job, new("Out of order.") { IsRetryable = false });

        var result = await OrderAsync(job.ConversationId, "Once more?");

        var row = await ReadAsync(job.Id);
        Assert.That(result, Is.EqualTo(new AnalysisOrderResult(
            job.Id, AnalysisOrderOutcome.Restarted, ConversationAnalysisStatus.Pending)));
        Assert.That(
            (row.Status, row.RetryCount, row.CustomPrompt, row.ErrorMessage, row.CompletedAt),
            Is.EqualTo((ConversationAnalysisStatus.Pending, 0, "Once more?", default(string), default(DateTimeOffset?))));
        Assert.That(await Queue.ClaimAsync("worker-2", 1, Lease), Has.Count.EqualTo(1));
    }

    [Test]
    [Category("Load")]
    public async Task Of_callers_at_once_one_creates_the_analysis_and_all_get_it()
    {
        var conversation = await NewConversationAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => OrderAsync(conversation, null)));

        Assert.That(results.Select(result => result.Id).Distinct(), Has.Exactly(1).Items);
        Assert.That(results.Count(result => result.Outcome == AnalysisOrderOutcome.Created), Is.EqualTo(1));
        Assert.That(results.Count(result => result.Outcome == AnalysisOrderOutcome.Waiting), Is.EqualTo(63));
        Assert.That(await AuditedAsync(), Is.EqualTo(Enumerable.Repeat("ANALYSIS_REQUEST SUCCESS", 64)));
    }

    [Test]
    [Category("Load")]
    public async Task Of_callers_at_once_one_restarts_what_failed()
    {
        var job = await JobAsync();
        await Queue.FailAsync(job, new("Out of order.") { IsRetryable = false });

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => OrderAsync(job.ConversationId, null)));

        Assert.That(results.Count(result => result.Outcome == AnalysisOrderOutcome.Restarted), Is.EqualTo(1));
        Assert.That(results.Count(result => result.Outcome == AnalysisOrderOutcome.Waiting), Is.EqualTo(15));
    }

    [Test]
    public async Task Regenerated_an_analysis_is_due_at_once_and_its_worker_can_finish_no_more()
    {
        var job = await JobAsync();
        await SetAsync(job.Id, "retry_count = 2, error_message = 'old', analysis_content = 'Old answer.'");

        var result = await Queue.RegenerateAsync(job.ConversationId, "main", new() { CustomPrompt = "Why not?" }, Audit);

        var row = await ReadAsync(job.Id);
        Assert.Multiple(async () =>
        {
            Assert.That(result.Outcome, Is.EqualTo(AnalysisOrderOutcome.Restarted));
            Assert.That(
                (row.Status, row.RetryCount, row.CustomPrompt, row.LeaseId, row.LeaseOwner, row.LeaseExpiresAt, row.ErrorMessage),
                Is.EqualTo((ConversationAnalysisStatus.Pending, 0, "Why not?", default(Guid?), default(string),
                    default(DateTimeOffset?), default(string))));
            Assert.That(row.AnalysisContent, Is.EqualTo("Old answer."), "It is shown until there is another.");
            Assert.That(await Queue.CompleteAsync(job, new() { Content = "Late." }), Is.False);
            Assert.That((await Queue.FailAsync(job, new("Late."))).Outcome, Is.EqualTo(FailedTryOutcome.NotHeld));
            Assert.That(await Queue.HeartbeatAsync(job, Lease), Is.Null);
            Assert.That((await Queue.ClaimAsync("worker-2", 1, Lease)).Single().LeaseId, Is.Not.EqualTo(job.LeaseId));
        });
    }

    [Test]
    public async Task Regenerating_resets_the_retries_however_often_and_creates_what_is_not_there()
    {
        var conversation = await NewConversationAsync();

        var created = await Queue.RegenerateAsync(conversation, "main", new() { CustomPrompt = "Why?" }, Audit);
        for (var i = 0; i < 5; i++)
        {
            await Queue.RegenerateAsync(conversation, "main", new(), Audit);
        }

        var row = await ReadAsync(created.Id);
        Assert.That(created.Outcome, Is.EqualTo(AnalysisOrderOutcome.Created));
        Assert.That((row.RetryCount, row.CustomPrompt), Is.EqualTo((0, default(string))));
    }

    [Test]
    public async Task Secrets_in_a_question_are_masked_and_what_no_text_holds_is_replaced()
    {
        var id = await OrderAsync("Is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789 good? \0 \ud800");

        var prompt = (await ReadAsync(id)).CustomPrompt;
        Assert.That(prompt, Does.StartWith("Is ").And.EndWith("good? \ufffd \ufffd").And.Not.Contains("abcdefghij"));
    }

    [Test]
    public async Task What_a_caller_rolls_back_was_neither_ordered_nor_audited()
    {
        var conversation = await NewConversationAsync();
        await using var db = OpenContext();
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            var result = await Queue.In(db).EnqueueAsync(conversation, "main", new(), Audit);
            Assert.That((await Queue.In(db).FindAsync(result.Id))!.Summary.ConversationId, Is.EqualTo(conversation));
            await transaction.RollbackAsync();
        }

        Assert.That(await Queue.FindAsync(conversation, "main"), Is.Null);
        Assert.That(await AuditedAsync(), Is.Empty);
    }

    [Test]
    public async Task Whoever_moves_the_conversation_waits_for_an_order()
    {
        var conversation = await NewConversationAsync();
        await using var ordering = OpenContext();
        await using var transaction = await ordering.Database.BeginTransactionAsync();
        await Queue.In(ordering).EnqueueAsync(conversation, "main", new(), Audit);

        await using var moving = OpenContext();
        var moved = moving.Database.ExecuteSqlAsync(
            $"UPDATE api_requests SET conversation_id = gen_random_uuid() WHERE conversation_id = {conversation}");
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => moved.IsCompleted);
        var waited = !moved.IsCompleted;
        await transaction.CommitAsync();

        Assert.That(waited, Is.True);
        Assert.That(await moved, Is.EqualTo(1));
    }

    [Test]
    public async Task Pruning_waits_for_an_order_and_takes_its_analysis_along()
    {
        var conversation = await NewConversationAsync();
        await using var ordering = OpenContext();
        await using var transaction = await ordering.Database.BeginTransactionAsync();
        await Queue.In(ordering).EnqueueAsync(conversation, "main", new(), Audit);

        var pruned = Service<RequestPruner>().PruneAsync(new() { Before = DateTimeOffset.UtcNow.AddDays(1), Execute = true });
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => pruned.IsCompleted);
        await transaction.CommitAsync();
        await pruned;

        await using var db = OpenContext();
        Assert.That((await db.Requests.CountAsync(), await db.Analyses.CountAsync()), Is.EqualTo((0, 0)));
        Assert.That(
            () => Queue.EnqueueAsync(conversation, "main", new(), Audit),
            Throws.InstanceOf<NexusDataException>().With.Property("Kind").EqualTo(NexusDataErrorKind.NotFound));
    }

    [Test]
    public async Task A_rebuild_waits_for_an_order_and_takes_its_analysis_along()
    {
        var recorder = Service<RequestRecorder>();
        await recorder.RecordAsync(Calls.Of(Bodies.Request(0, "Begin")));
        var next = Calls.Of(Bodies.Request(1, "Begin", "Begun", "Go on"));
        await recorder.RecordAsync(next);
        var wrong = Guid.CreateVersion7();
        await using (var db = OpenContext())
        {
            await db.Database.ExecuteSqlAsync(
                $"UPDATE api_requests SET conversation_id = {wrong}, parent_request_id = NULL, link_kind = 'root' WHERE request_id = {next.RequestId}");
        }

        await using var ordering = OpenContext();
        await using var transaction = await ordering.Database.BeginTransactionAsync();
        await Queue.In(ordering).EnqueueAsync(wrong, "main", new(), Audit);

        var rebuilt = Service<ConversationRebuilder>().RebuildAsync(new() { Execute = true, Rehash = true });
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => rebuilt.IsCompleted);
        await transaction.CommitAsync();
        await rebuilt;

        await using var read = OpenContext();
        Assert.That(
            await read.Analyses.Select(analysis => analysis.ConversationId).SingleAsync(),
            Is.EqualTo(await read.Requests.Select(request => request.ConversationId!.Value).Distinct().SingleAsync()));
        Assert.That(await read.Requests.AnyAsync(request => request.ConversationId == wrong), Is.False);
    }

    [Test]
    public async Task A_call_without_a_name_or_with_a_context_that_is_no_JSON_is_refused()
    {
        var conversation = await NewConversationAsync();

        Assert.That(() => Queue.EnqueueAsync(conversation, "main", new(), new(" ")), Throws.ArgumentException);
        Assert.That(() => Queue.EnqueueAsync(conversation, "main", new(), new(new string('x', 256))), Throws.ArgumentException);
        Assert.That(
            () => Queue.EnqueueAsync(conversation, "main", new(), new("call") { UserContext = "{" }),
            Throws.InstanceOf<NexusDataException>()
                .With.Property(nameof(NexusDataException.Kind)).EqualTo(NexusDataErrorKind.Validation));
        Assert.That(await Queue.FindAsync(conversation, "main"), Is.Null, "What cannot be audited is not done.");
    }

    private Task<AnalysisOrderResult> OrderAsync(Guid conversation, string? prompt)
        => Queue.EnqueueAsync(conversation, "main", new() { CustomPrompt = prompt }, Audit);
}
