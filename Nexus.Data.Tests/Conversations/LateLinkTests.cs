using Nexus.Data.Analyses;
using Nexus.Data.Conversations;

namespace Nexus.Data.Tests.Conversations;

/// <summary>Requests and answers that are stored after what hangs on them.</summary>
public sealed class LateLinkTests : LinkingTest
{
    private const string Summary = "The user wants a timetable of all trains to the coast, and half of it is done by now.";

    private static readonly string[] _numberedSubtasks = ["subtask_1", "subtask_2"];
    private static readonly string[] _numberedForks = ["branch_20250301120800", "branch_20250301120800_2"];

    private static readonly string _continuation =
        "This session is being continued from a previous conversation that ran out of context. "
        + $"The conversation is summarized below:\n{Summary}\nPlease continue the conversation from where we left it off.";

    [Test]
    public async Task A_late_root_takes_the_conversation_of_the_one_that_waited_and_moves_no_branch()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var child = Bodies.Request(1, "a", "b", "c").Answered("d");
        var fork = Bodies.Request(2, "a", "b", "c", "d", "e").Answered("f");
        await StoreAsync(child);
        await StoreAsync(fork);

        await StoreAsync(root);

        var (first, second, third) = (await ReadAsync(root), await ReadAsync(child), await ReadAsync(fork));
        Assert.Multiple(() =>
        {
            Assert.That(first.ConversationId, Is.EqualTo(LinkKeys.Conversation(Bodies.Train, child.RequestId)));
            Assert.That(second.ConversationId, Is.EqualTo(first.ConversationId));
            Assert.That(third.ConversationId, Is.EqualTo(first.ConversationId));
            Assert.That((first.LinkKind, first.BranchId), Is.EqualTo((LinkKind.Root, "main")));
            Assert.That((second.LinkKind, second.LinkDistance, second.BranchId), Is.EqualTo((LinkKind.Exact, 1, "main")));
            Assert.That(second.ParentRequestId, Is.EqualTo(root.RequestId));
        });
    }

    [Test]
    public async Task A_late_request_between_two_others_stands_on_the_later_ones_branch()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var first = Bodies.Request(1, "a", "b", "x").Answered("y");
        var middle = Bodies.Request(2, "a", "b", "c").Answered("d");
        var last = Bodies.Request(3, "a", "b", "c", "d", "e");
        await StoreAsync(root);
        await StoreAsync(first);
        await StoreAsync(last);
        var shown = (await ReadAsync(last)).BranchId;

        await StoreAsync(middle);

        var (between, end) = (await ReadAsync(middle), await ReadAsync(last));
        Assert.Multiple(() =>
        {
            Assert.That(shown, Is.EqualTo("branch_20250301120300"));
            Assert.That((between.ParentRequestId, between.BranchId), Is.EqualTo((root.RequestId, shown)));
            Assert.That((end.ParentRequestId, end.BranchId, end.LinkDistance), Is.EqualTo((middle.RequestId, shown, 1)));
            Assert.That(end.LinkKind, Is.EqualTo(LinkKind.Exact));
        });
    }

    [Test]
    public async Task A_late_request_gathers_two_conversations_and_names_that_clash_get_numbers()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var left = Bodies.Request(5, "a", "b", "left").AskingFor("task");
        var leftTask = Bodies.Request(6, "task");
        var leftFork = Bodies.Request(7, "a", "b", "left", "l", "one").Answered("1");
        var leftFork2 = Bodies.Request(8, "a", "b", "left", "l", "two").Answered("2");
        var right = Bodies.Request(5, "a", "b", "right").AskingFor("other task");
        var rightTask = Bodies.Request(6, "other task");
        var rightFork = Bodies.Request(7, "a", "b", "right", "r", "one").Answered("1");
        var rightFork2 = Bodies.Request(8, "a", "b", "right", "r", "two").Answered("2");
        foreach (var request in new[] { left, leftTask, leftFork, leftFork2, right, rightTask, rightFork, rightFork2 })
        {
            await StoreAsync(request);
        }

        await StoreAsync(root);

        var all = await ReadAllAsync();
        string? Branch(Guid id) => all.Single(row => row.RequestId == id).BranchId;
        var (stays, moves) = Branch(left.RequestId) == "main" ? (left, right) : (right, left);
        Assert.Multiple(() =>
        {
            Assert.That(all.Select(row => row.ConversationId).Distinct().Count(), Is.EqualTo(1));
            Assert.That(Branch(stays.RequestId), Is.EqualTo("main"));
            Assert.That(Branch(moves.RequestId), Is.EqualTo("branch_20250301120500"));
            Assert.That(
                new[] { leftTask, rightTask }.Select(task => Branch(task.RequestId)),
                Is.EquivalentTo(_numberedSubtasks));
            Assert.That(
                new[] { leftFork2, rightFork2 }.Select(fork => Branch(fork.RequestId)),
                Is.EquivalentTo(_numberedForks));
        });
    }

    [Test]
    public async Task A_sub_task_stored_before_the_answer_that_asks_for_it_moves_with_its_turns()
    {
        var parent = Bodies.Request(0, "Begin");
        var task = Bodies.Request(1, "Find the trains").Answered("Found.");
        var turn = Bodies.Request(2, "Find the trains", "Found.", "More");
        await StoreAsync(parent);
        await StoreAsync(task);
        await StoreAsync(turn);

        await AnswerAsync(parent, stored => stored.AskingFor("Find the trains"));

        var (above, below, next) = (await ReadAsync(parent), await ReadAsync(task), await ReadAsync(turn));
        Assert.Multiple(() =>
        {
            Assert.That((below.LinkKind, below.BranchId, below.IsSubtask), Is.EqualTo((LinkKind.Subtask, "subtask_1", true)));
            Assert.That((next.BranchId, next.IsSubtask), Is.EqualTo(("subtask_1", true)));
            Assert.That(below.ConversationId, Is.EqualTo(above.ConversationId));
            Assert.That(next.ConversationId, Is.EqualTo(above.ConversationId));
            Assert.That(next.ParentTaskRequestId, Is.EqualTo(parent.RequestId));
        });
    }

    [Test]
    public async Task A_continuation_stored_before_the_summary_moves_to_its_conversation()
    {
        var parent = Bodies.Request(0, "Begin");
        var continuation = Bodies.Request(1, _continuation);
        await StoreAsync(parent);
        await StoreAsync(continuation);

        await AnswerAsync(parent, stored => stored.Answered(Summary));

        var (above, moved) = (await ReadAsync(parent), await ReadAsync(continuation));
        Assert.Multiple(() =>
        {
            Assert.That((moved.LinkKind, moved.BranchId), Is.EqualTo((LinkKind.Continuation, "compact_120100")));
            Assert.That(moved.ParentRequestId, Is.EqualTo(parent.RequestId));
            Assert.That(moved.ParentMessageHash, Is.EqualTo(above.CurrentMessageHash));
        });
    }

    [Test]
    public async Task A_turn_goes_to_the_session_whose_answer_it_repeats_when_that_answer_comes()
    {
        var mine = Bodies.Request(0, "hi");
        var other = Bodies.Request(1, "hi");
        var turn = Bodies.Request(2, "hi", "Mine.", "go on");
        await StoreAsync(mine);
        await StoreAsync(other);
        await StoreAsync(turn);
        var before = await ReadAsync(turn);

        await AnswerAsync(mine, stored => stored.Answered("Mine."));

        var after = await ReadAsync(turn);
        Assert.Multiple(() =>
        {
            Assert.That(before.ParentRequestId, Is.EqualTo(other.RequestId));
            Assert.That(after.ParentRequestId, Is.EqualTo(mine.RequestId));
            Assert.That(after.BranchId, Is.EqualTo("main"));
        });
    }

    [Test]
    public async Task A_retry_stored_before_the_failure_is_known_becomes_one()
    {
        var failing = Bodies.Request(0, "Name a bridge");
        var again = Bodies.Request(1, "Name a bridge");
        await StoreAsync(failing);
        await StoreAsync(again);

        await AnswerAsync(failing, stored => stored.Answered("", status: 529));

        var retry = await ReadAsync(again);
        Assert.That((retry.LinkKind, retry.RetryOfRequestId), Is.EqualTo((LinkKind.Retry, failing.RequestId)));
    }

    [Test]
    public async Task Of_two_analyses_of_branches_that_become_one_the_completed_one_stays()
    {
        var root = Bodies.Request(0, "a").Answered("b");
        var first = Bodies.Request(1, "a", "b", "c").Answered("d");
        var second = Bodies.Request(2, "x", "y", "a");
        await StoreAsync(first);
        var conversation = (await ReadAsync(first)).ConversationId!.Value;
        await using (var db = OpenContext())
        {
            db.Add(new ConversationAnalysis { ConversationId = conversation, BranchId = "main" });
            await db.SaveChangesAsync();
        }

        await StoreAsync(root);
        await StoreAsync(second);

        await using var fresh = OpenContext();
        var analysis = fresh.Set<ConversationAnalysis>().Single();
        Assert.That(analysis.ConversationId, Is.EqualTo((await ReadAsync(root)).ConversationId));
    }
}
