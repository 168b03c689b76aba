using System.Data;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Trains;

namespace Nexus.Data.Tests.Conversations;

/// <summary>Requests that are stored without their place, and the sweep that finds it.</summary>
public sealed class DeferredLinkTests : LinkingTest
{
    [Test]
    public async Task Linking_without_a_transaction_is_refused()
    {
        await using var db = OpenContext();
        var request = Bodies.Request(0, "a");
        db.Add(request);

        Assert.That(
            () => new ConversationLinker(db).LinkAsync(request),
            Throws.InvalidOperationException.With.Message.Contains("transaction"));
    }

    [Test]
    public async Task Linking_on_an_older_snapshot_is_refused()
    {
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var request = Bodies.Request(0, "a");
        db.Add(request);

        Assert.That(
            () => new ConversationLinker(db).LinkAsync(request),
            Throws.InvalidOperationException.With.Message.Contains("READ COMMITTED"));
    }

    [Test]
    public async Task A_request_that_is_not_tracked_is_refused_by_its_identifier()
    {
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var request = Bodies.Request(0, "a");

        Assert.That(
            () => new ConversationLinker(db).LinkAsync(request),
            Throws.InvalidOperationException.With.Message.Contains(request.RequestId.ToString()));
    }

    [Test]
    public async Task While_a_rebuild_holds_the_train_requests_are_stored_marked_and_the_sweep_links_them_in_order()
    {
        var (root, child, grandchild) = (
            Bodies.Request(0, "a").Answered("b"), Bodies.Request(1, "a", "b", "c").Answered("d"),
            Bodies.Request(2, "a", "b", "c", "d", "e"));
        await StoreAsync(root);
        await WhileHeldAsync(async () =>
        {
            await StoreAsync(grandchild);
            await StoreAsync(child);
            Assert.That(await SweepAsync(), Is.Zero);
        });

        var marked = (await ReadAllAsync()).Count(row => row.UnlinkedBecause is not null && row.ConversationId is null);
        var linked = await SweepAsync();

        var rows = await ReadAllAsync();
        Assert.Multiple(() =>
        {
            Assert.That(marked, Is.EqualTo(2));
            Assert.That(linked, Is.EqualTo(2));
            Assert.That(rows.Select(row => row.ConversationId).Distinct().Count(), Is.EqualTo(1));
            Assert.That(rows.Select(row => row.BranchId), Is.All.EqualTo("main"));
            Assert.That(
                rows.Select(row => row.ParentRequestId), Is.EqualTo(new Guid?[] { null, root.RequestId, child.RequestId }));
            Assert.That(rows.Select(row => row.UnlinkedBecause), Is.All.Null);
        });
    }

    [Test]
    public async Task A_child_of_an_unlinked_request_is_linked_to_it_and_gets_its_conversation_with_it()
    {
        var (root, child) = (Bodies.Request(0, "a").Answered("b"), Bodies.Request(1, "a", "b", "c"));
        await WhileHeldAsync(() => StoreAsync(root));

        await StoreAsync(child);
        var before = await ReadAsync(child);
        await SweepAsync();

        var after = await ReadAsync(child);
        Assert.Multiple(() =>
        {
            Assert.That((before.ParentRequestId, before.ConversationId), Is.EqualTo((root.RequestId, (Guid?)null)));
            Assert.That(before.UnlinkedBecause, Is.Not.Null);
            Assert.That(after.ConversationId, Is.EqualTo(LinkKeys.Conversation(Bodies.Train, root.RequestId)));
            Assert.That((after.UnlinkedBecause, after.BranchId), Is.EqualTo(((string?)null, "main")));
        });
    }

    [Test]
    public async Task A_child_of_an_unlinked_request_keeps_what_it_waits_for_and_what_its_answer_asks_for()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var child = Bodies.Request(1, "a", "other than b", "c").AskingFor("a task");
        var subtask = Bodies.Request(2, "a task");
        await WhileHeldAsync(() => StoreAsync(root));

        await StoreAsync(child);
        await SweepAsync();
        await StoreAsync(subtask);

        await using var db = OpenContext();
        var waits = await db.Set<LinkWait>().CountAsync(wait => wait.RequestId == child.RequestId);
        var stored = await ReadAsync(subtask);
        Assert.Multiple(() =>
        {
            Assert.That(waits, Is.EqualTo(1));
            Assert.That((stored.ParentRequestId, stored.BranchId), Is.EqualTo((child.RequestId, "subtask_1")));
        });
    }

    [Test]
    public async Task A_sweep_that_finds_the_train_held_leaves_a_child_of_an_unlinked_request_where_it_hangs()
    {
        var root = Bodies.Request(0, "a").AskingFor("a task");
        var (child, subtask) = (Bodies.Request(1, "a", "other than asked", "c", "d", "e"), Bodies.Request(2, "a task"));
        await WhileHeldAsync(() => StoreAsync(root));
        await StoreAsync(child);
        await StoreAsync(subtask);
        await AnswerAsync(child, stored => stored.AskingFor("another task"));
        await WhileHeldAsync(async () => Assert.That(await SweepAsync(), Is.Zero));

        Assert.That(await SweepAsync(), Is.EqualTo(2));

        var rows = await ReadAllAsync();
        var later = Bodies.Request(3, "another task");
        await StoreAsync(later);
        await using var db = OpenContext();
        Assert.That(rows.Select(row => row.ConversationId).Distinct().Single(), Is.Not.Null);
        Assert.That(rows.Select(row => row.BranchId), Is.EqualTo((string[])["main", "main", "subtask_1"]));
        Assert.That(await db.Set<LinkWait>().CountAsync(wait => wait.RequestId == child.RequestId), Is.EqualTo(2));
        Assert.That(
            await db.TaskPrompts.OrderBy(prompt => prompt.Timestamp).Select(prompt => prompt.SubtaskRequestId).ToListAsync(),
            Is.EqualTo(new Guid?[] { subtask.RequestId, later.RequestId }), "What its answer asked for was written down.");
        Assert.That((await ReadAsync(later)).ParentRequestId, Is.EqualTo(child.RequestId));
    }

    [Test]
    public async Task A_sweep_links_without_the_task_that_somebody_removes_meanwhile()
    {
        var asking = Bodies.Request(0, "a").AskingFor("a task");
        var subtask = Bodies.Request(1, "a task");
        await StoreAsync(asking);
        await WhileHeldAsync(() => StoreAsync(subtask));
        await using var other = OpenContext();
        await using var transaction = await other.Database.BeginTransactionAsync();
        await other.Set<TaskPrompt>().Where(prompt => prompt.RequestId == asking.RequestId).ExecuteDeleteAsync();

        var sweep = SweepAsync();
        await Server.WaitForAsync(ConnectionString, "wait_event_type = 'Lock'", () => sweep.IsCompleted);
        await transaction.CommitAsync();

        Assert.That(await sweep, Is.EqualTo(1));
        Assert.That((await ReadAsync(subtask)).LinkKind, Is.EqualTo(LinkKind.Root));
    }

    [Test]
    public async Task An_answer_that_is_stored_while_the_sweep_links_its_request_is_linked_by_the_next_sweep()
    {
        var request = Bodies.Request(0, "a");
        await WhileHeldAsync(() => StoreAsync(request));

        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            var stored = await db.Requests.SingleAsync(row => row.RequestId == request.RequestId);
            stored.AskingFor("a task");
            await new ConversationLinker(db).LinkAnswerAsync(stored);
            await SweepAsync();
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        }

        await SweepAsync();

        await using var fresh = OpenContext();
        var answered = await ReadAsync(request);
        Assert.That(await fresh.Set<TaskPrompt>().CountAsync(), Is.EqualTo(1));
        Assert.That((answered.UnlinkedBecause, answered.LinkKind), Is.EqualTo(((string?)null, (LinkKind?)LinkKind.Root)));
    }

    [Test]
    public async Task An_error_of_the_look_up_defers_the_request_and_the_rest_of_the_transaction_stands()
    {
        var request = Bodies.Request(0, "a");
        await using (var db = OpenContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            var train = new Train { TrainId = "kept", Name = "Kept" };
            db.Add(train);
            await db.SaveChangesAsync();
            db.Add(request);
            await db.Database.ExecuteSqlRawAsync("SET LOCAL lock_timeout = '50ms'");
            await using var other = OpenContext();
            await using var blocking = await other.Database.BeginTransactionAsync();
            await other.Database.ExecuteSqlRawAsync("LOCK TABLE link_waits IN ACCESS EXCLUSIVE MODE");

            var result = await new ConversationLinker(db).LinkAsync(request);
            await blocking.RollbackAsync();
            await db.SaveChangesAsync();
            await transaction.CommitAsync();

            Assert.That(result.Outcome, Is.EqualTo(LinkOutcome.Deferred));
        }

        var stored = await ReadAsync(request);
        var linked = await SweepAsync();

        await using var fresh = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(stored.UnlinkedBecause, Does.Contain("55P03"));
            Assert.That(stored.ConversationId, Is.Null);
            Assert.That(linked, Is.EqualTo(1));
            Assert.That(await fresh.Set<Train>().CountAsync(), Is.EqualTo(1));
        });
    }

    [Test]
    public async Task A_request_without_messages_and_one_of_an_excluded_type_take_no_part()
    {
        var empty = Bodies.WithBody(0, new System.Text.Json.Nodes.JsonObject { ["model"] = "m" });
        var counting = Bodies.Request(1, "a");
        counting.RequestType = "token_count";
        await using var db = OpenContext();
        await using var transaction = await db.Database.BeginTransactionAsync();
        db.AddRange(empty, counting);

        var results = await new ConversationLinker(db).LinkAsync([empty, counting]);

        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.Outcome), Is.All.EqualTo(LinkOutcome.TakesNoPart));
            Assert.That(empty.UnlinkedBecause, Is.Null);
            Assert.That(counting.ConversationId, Is.Null);
        });
    }

    // As a rebuild holds the train.
    private async Task WhileHeldAsync(Func<Task> work)
    {
        await using var rebuild = OpenContext();
        await using var transaction = await rebuild.Database.BeginTransactionAsync();
        var key = LinkKeys.TrainLock(Bodies.Train);
        await rebuild.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({key})");
        await work();
    }

    private async Task<int> SweepAsync()
    {
        await using var db = OpenContext();
        return await new ConversationLinker(db).LinkDeferredAsync();
    }
}
