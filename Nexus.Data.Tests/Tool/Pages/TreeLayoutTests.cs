using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Tool;
using Nexus.Data.Tool.Pages;

namespace Nexus.Data.Tests.Tool.Pages;

public sealed class TreeLayoutTests
{
    [Test]
    public void Each_request_has_a_row_and_no_branch_stands_in_the_way_of_another([Range(1, 50)] int seed)
    {
        var graph = new ConversationGraph(DrawnConversation.Random(seed, 20 + (7 * seed), branching: seed % 5 * 0.1));
        var layout = TreeLayout.Of(graph);

        Assert.That(
            layout.Rows.SelectMany(row => row.Requests), Is.EqualTo(Enumerable.Range(0, graph.Requests.Count)),
            "By time, each once.");
        AssertFree(graph, layout);
    }

    [Test]
    public void A_long_conversation_is_folded_where_nothing_happens_and_shows_all_that_does([Range(1, 10)] int seed)
    {
        var graph = new ConversationGraph(DrawnConversation.Random(seed, 1_500, branching: 0.01, isOdd: seed % 2 == 0));

        var layout = TreeLayout.Of(graph);

        Assert.That(layout.Rows, Has.Count.LessThan(1_000));
        Assert.That(
            layout.Rows.SelectMany(row => row.Requests).Order(), Is.EqualTo(Enumerable.Range(0, graph.Requests.Count)));
        AssertFree(graph, layout);
        foreach (var row in layout.Rows.Where(row => row.Requests.Count > 1))
        {
            Assert.That(row.Requests.Skip(1).Select(graph.PreviousOf), Is.EqualTo(row.Requests.SkipLast(1)), "One after the other.");
            Assert.That(row.Requests.Skip(1).Select(graph.ParentOf), Is.EqualTo(row.Requests.SkipLast(1)));
            Assert.That(row.Requests.Select(request => graph.Requests[request].HasFailed), Has.None.True);
        }
    }

    [Test]
    public void Every_link_is_an_edge_and_every_edge_a_link([Range(1, 20)] int seed)
    {
        var graph = new ConversationGraph(DrawnConversation.Random(seed, 200));

        var layout = TreeLayout.Of(graph);

        Assert.That(
            layout.Edges.Select(edge => (edge.From, edge.To)),
            Is.EquivalentTo(
                from request in Enumerable.Range(0, graph.Requests.Count)
                let upper = graph.RetryOf(request) ?? graph.ParentOf(request)
                where upper is not null
                select (upper.Value, request)));
        Assert.That(
            layout.Edges.Where(edge => edge.Kind == RequestKind.Retry).Select(edge => edge.To),
            Is.EqualTo(Enumerable.Range(0, graph.Requests.Count).Where(request => graph.RetryOf(request) is not null)));
    }

    [Test]
    public void A_column_is_used_again_where_its_branch_has_ended()
    {
        var nodes = new List<ConversationNode>();
        for (var turn = 0; turn < 40; turn++)
        {
            nodes.Add(DrawnConversation.Node((2 * turn) + 1, turn == 0 ? null : (2 * turn) - 1, 10 * turn));
            nodes.Add(DrawnConversation.Node((2 * turn) + 2, (2 * turn) + 1, (10 * turn) + 5, $"subtask_{turn}"));
        }

        var layout = TreeLayout.Of(new(DrawnConversation.Tree(nodes)));

        Assert.That(layout.Columns, Is.EqualTo(2));
        Assert.That(layout.Rows.Where(row => row.Branch == 0).Select(row => row.Column), Is.All.Zero);
        Assert.That(layout.Edges.Count(edge => edge.Shape == EdgeShape.Elbow), Is.EqualTo(40));
    }

    [Test]
    public void Branches_that_name_each_other_as_parents_hang_on_none()
    {
        var graph = new ConversationGraph(DrawnConversation.Tree(
        [
            DrawnConversation.Node(1, 4, 0, "a"), DrawnConversation.Node(2, null, 0, "a"), DrawnConversation.Node(3, 2, 0, "b"),
            DrawnConversation.Node(4, null, 0, "b"),
        ]));

        Assert.That(graph.Branches.Select(branch => branch.Origin), Is.EqualTo(new int?[] { null, 1 }));
        Assert.That(TreeLayout.Of(graph).Edges, Has.Count.EqualTo(2));
    }

    // No two nodes at one place, and between a branch's beginning and end its column holds nothing else.
    private static void AssertFree(ConversationGraph graph, TreeLayout layout)
    {
        var rows = layout.Rows;
        var rowOf = rows.SelectMany((row, place) => row.Requests.Select(request => (request, place)))
            .ToDictionary(one => one.request, one => one.place);
        for (var index = 0; index < graph.Branches.Count; index++)
        {
            var branch = graph.Branches[index];
            var (from, to) = (rowOf[branch.Origin ?? branch.Requests[0]], branch.Requests.Max(request => rowOf[request]));
            var column = rows[rowOf[branch.Requests[0]]].Column;
            Assert.That(
                Enumerable.Range(from, to - from + 1).Where(row => rows[row].Column == column).Select(row => rows[row].Branch),
                Is.All.EqualTo(index), $"Column {column}, rows {from} to {to}.");
        }

        foreach (var edge in layout.Edges.Where(edge => edge.Shape == EdgeShape.Straight))
        {
            Assert.That(rows[edge.From].Column, Is.EqualTo(rows[edge.To].Column));
            Assert.That(
                Enumerable.Range(edge.From + 1, edge.To - edge.From - 1).Count(row => rows[row].Column == rows[edge.To].Column), Is.Zero);
        }
    }
}
