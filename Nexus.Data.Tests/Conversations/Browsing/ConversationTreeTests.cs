using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tests.Fixtures;

namespace Nexus.Data.Tests.Conversations.Browsing;

/// <summary>A conversation whole.</summary>
public sealed class ConversationTreeTests : BrowsingTest
{
    private static readonly Guid _conversation = Guid.NewGuid();

    [Test]
    public async Task A_tree_has_the_requests_and_branches_of_its_conversation()
    {
        for (var set = 0; set < TestScale.Of(5, 50); set++)
        {
            var requests = BrowsedRequest.Random(set, 200);
            await StoreAsync(requests);
            var (conversation, train) = (requests.First(request => request.Conversation is not null).Conversation, requests[0].Train);

            await Assert.MultipleAsync(async () =>
            {
                Check(requests, await Queries.GetAsync(conversation!.Value));
                Check([.. requests.Where(request => request.Train == train)], await Queries.GetAsync(conversation.Value, train));
            });

            void Check(List<BrowsedRequest> all, ConversationTree? tree)
            {
                var own = all.Where(request => request.Conversation == conversation)
                    .OrderBy(request => request.Timestamp).ThenBy(request => request.Id).ToList();
                var branches = own.GroupBy(request => request.BranchOrMain).Select(branch => BranchTests.Expected([.. branch]))
                    .OrderBy(branch => branch.FirstAt).ThenBy(branch => branch.BranchId, StringComparer.Ordinal);
                Assert.That(tree?.Requests.Select(Row) ?? [], Is.EqualTo(own.Select(Node).Select(Row)));
                Assert.That(tree?.Branches ?? [], Is.EqualTo(branches));
            }
        }

        static object Row(ConversationNode node) => node;
    }

    [Test]
    public async Task What_nobody_knows_has_no_tree()
    {
        await StoreAsync(Request(0));

        Assert.That(await Queries.GetAsync(Guid.NewGuid()), Is.Null);
        Assert.That(await Queries.GetAsync(_conversation, "other"), Is.Null);
        Assert.That(await Queries.GetAsync(_conversation, "a\0b"), Is.Null);
        Assert.That((await Queries.GetAsync(_conversation, Bodies.Train))!.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_path_goes_through_every_branch_between_the_root_and_its_own()
    {
        var root = Request(0);
        var second = Request(1, root);
        var leftBehind = Request(2, second);
        var fork = Request(3, root) with { Branch = "branch_1" };
        var repeated = Request(4, fork) with { Branch = "branch_1" };
        var again = Request(5, fork) with { Branch = "branch_1", RetryOf = repeated.Id };
        var task = Request(6, again) with { Branch = "subtask_1", IsSubtask = true };
        var end = Request(7, task) with { Branch = "subtask_1", IsSubtask = true };
        await StoreAsync(root, second, leftBehind, fork, repeated, again, task, end);

        var tree = (await Queries.GetAsync(_conversation))!;

        Assert.That(Ids(tree.BranchPath("subtask_1")), Is.EqualTo(new[] { root.Id, fork.Id, again.Id, task.Id, end.Id }));
        Assert.That(Ids(tree.BranchPath("main")), Is.EqualTo(new[] { root.Id, second.Id, leftBehind.Id }));
        Assert.That(tree.BranchPath("branch_2"), Is.Empty);
        Assert.That(Ids(tree.Roots), Is.EqualTo(new[] { root.Id }));
        Assert.That(Ids(tree.ChildrenOf(root.Id)), Is.EqualTo(new[] { second.Id, fork.Id }));
        Assert.That(Ids(tree.ChildrenOf(fork.Id)), Is.EqualTo(new[] { repeated.Id, again.Id }));
        Assert.That(tree.ChildrenOf(Guid.NewGuid()), Is.Empty);
        Assert.That((tree.Find(end.Id)!.RequestId, tree.Find(Guid.NewGuid())), Is.EqualTo((end.Id, default(ConversationNode))));
        Assert.That(tree.ParentOf(end.Id)!.RequestId, Is.EqualTo(task.Id));
        Assert.That(tree.ParentOf(root.Id), Is.Null);
    }

    [Test]
    public async Task A_request_whose_parent_is_gone_is_a_root()
    {
        var orphan = Request(0) with { Parent = Guid.NewGuid() };
        var child = Request(1, orphan);
        await StoreAsync(orphan, child);

        var tree = (await Queries.GetAsync(_conversation))!;

        Assert.That(Ids(tree.Roots), Is.EqualTo(new[] { orphan.Id }));
        Assert.That(Ids(tree.BranchPath("main")), Is.EqualTo(new[] { orphan.Id, child.Id }));
    }

    [Test]
    public async Task Parents_that_lead_in_circles_end_at_the_earliest()
    {
        var (first, second, third) = (Request(1), Request(2), Request(3));
        var (before, after) = (Request(0, third), Request(4, second));
        await StoreAsync(
            before, first with { Parent = third.Id }, second with { Parent = first.Id }, third with { Parent = second.Id }, after);

        var tree = (await Queries.GetAsync(_conversation))!;

        Assert.That(Ids(tree.Roots), Is.EqualTo(new[] { first.Id }));
        Assert.That(Ids(tree.BranchPath("main")), Is.EqualTo(new[] { first.Id, second.Id, after.Id }));
        Assert.That(tree.ParentOf(before.Id)!.RequestId, Is.EqualTo(third.Id));
    }

    [Test]
    public async Task A_tree_that_is_too_large_says_that_it_is_cut()
    {
        var requests = Enumerable.Range(0, ConversationQueries.LargestTree).Select(i => Request(i)).ToList();
        await StoreAsync(requests);

        Assert.That((await Queries.GetAsync(_conversation))!.IsCut, Is.False);

        await StoreAsync([.. requests, Request(-1)]);
        var tree = (await Queries.GetAsync(_conversation))!;

        Assert.That((tree.IsCut, tree.Requests.Count), Is.EqualTo((true, ConversationQueries.LargestTree)));
        Assert.That(tree.Requests[0].Timestamp, Is.EqualTo(Bodies.Noon.AddMinutes(-1)));
        Assert.That(tree.Branches.Single().RequestCount, Is.EqualTo(ConversationQueries.LargestTree));
    }

    private static IEnumerable<Guid> Ids(IEnumerable<ConversationNode> nodes) => nodes.Select(node => node.RequestId);

    private static BrowsedRequest Request(double minute, BrowsedRequest? parent = null) => new()
    {
        Id = Guid.NewGuid(),
        Train = Bodies.Train,
        Timestamp = Bodies.Noon.AddMinutes(minute),
        Conversation = _conversation,
        Parent = parent?.Id,
        IsSubtask = false,
    };

    private static ConversationNode Node(BrowsedRequest request) => new()
    {
        RequestId = request.Id,
        TrainId = request.Train,
        Timestamp = request.Timestamp,
        BranchId = request.BranchOrMain,
        AccountId = request.Account,
        Model = request.Model,
        IsSubtask = request.IsSubtask is true,
        RetryOfRequestId = request.RetryOf,
        ParentRequestId = request.Parent,
        ResponseStatus = request.Status,
        Error = request.Error,
        MessageCount = request.Messages,
        InputTokens = request.Input,
        OutputTokens = request.Output,
        CacheCreationInputTokens = request.CacheCreation,
        CacheReadInputTokens = request.CacheRead,
        ToolCallCount = request.Tools,
    };
}
