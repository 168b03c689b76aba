using Nexus.Data.Conversations;

namespace Nexus.Data.Tool.Pages;

/// <summary>A row of the drawn tree: a request, or several of a branch in a row that nothing happened between.</summary>
/// <param name="Requests">Their numbers, by time; one as a rule.</param>
/// <param name="Branch">Their branch.</param>
/// <param name="Column">Where it stands, from 0.</param>
internal sealed record TreeRow(IReadOnlyList<int> Requests, int Branch, int Column);

/// <summary>How an edge runs.</summary>
internal enum EdgeShape
{
    /// <summary>Down a column, past no other node.</summary>
    Straight,

    /// <summary>Along the upper row to the lower one's column, then down.</summary>
    Elbow,

    /// <summary>Around what lies between.</summary>
    Arc,
}

/// <summary>An edge of the drawn tree between two rows.</summary>
/// <param name="From">The row of the parent, or of the request that is repeated.</param>
/// <param name="To">The row of the child.</param>
/// <param name="Shape">How it runs.</param>
/// <param name="Kind">What it is drawn as.</param>
internal sealed record TreeEdge(int From, int To, EdgeShape Shape, RequestKind Kind);

/// <summary>
/// Where the requests of a conversation stand in its drawn tree: a row for each, by time, and a column for each branch. A
/// column is used again where its branch has ended. Draws nothing.
/// </summary>
internal sealed class TreeLayout
{
    /// <summary>Conversations with more requests than that are drawn with quiet stretches folded.</summary>
    public const int LargestUnfolded = 1_000;

    private const int ShortestFold = 3;

    private TreeLayout(IReadOnlyList<TreeRow> rows, IReadOnlyList<TreeEdge> edges)
    {
        (Rows, Edges) = (rows, edges);
        Columns = rows.Max(row => row.Column) + 1;
    }

    public IReadOnlyList<TreeRow> Rows { get; }

    public IReadOnlyList<TreeEdge> Edges { get; }

    public int Columns { get; }

    public static TreeLayout Of(ConversationGraph graph, int largestUnfolded = LargestUnfolded)
    {
        var stretches = graph.Requests.Count > largestUnfolded
            ? Folded(graph)
            : [.. Enumerable.Range(0, graph.Requests.Count).Select(request => new List<int> { request })];
        var rowOf = new int[graph.Requests.Count];
        for (var row = 0; row < stretches.Count; row++)
        {
            foreach (var request in stretches[row])
            {
                rowOf[request] = row;
            }
        }

        var columns = TreeColumns.Of(graph, rowOf);
        return new(
            [.. stretches.Select(stretch => new TreeRow(stretch, graph.BranchOf(stretch[0]), columns[graph.BranchOf(stretch[0])]))],
            Connect(graph, stretches, rowOf));
    }

    private static List<List<int>> Folded(ConversationGraph graph)
    {
        var isQuiet = Quiet(graph);
        var stretches = new List<List<int>>();
        foreach (var branch in graph.Branches)
        {
            for (var from = 0; from < branch.Requests.Count;)
            {
                var to = from + 1;
                while (isQuiet[branch.Requests[from]] && to < branch.Requests.Count && isQuiet[branch.Requests[to]])
                {
                    to++;
                }

                stretches.AddRange(to - from >= ShortestFold
                    ? [[.. branch.Requests.Skip(from).Take(to - from)]]
                    : branch.Requests.Skip(from).Take(to - from).Select(request => new List<int> { request }));
                from = to;
            }
        }

        stretches.Sort((left, right) => left[0].CompareTo(right[0]));
        return stretches;
    }

    // A request that goes on from the one before it on its branch, from which one goes on there, and which did not fail.
    private static bool[] Quiet(ConversationGraph graph)
    {
        var children = new int[graph.Requests.Count];
        var isQuiet = new bool[graph.Requests.Count];
        for (var request = 0; request < isQuiet.Length; request++)
        {
            if (graph.ParentOf(request) is { } parent)
            {
                children[parent]++;
            }

            isQuiet[request] = graph.PreviousOf(request) is { } previous && graph.ParentOf(request) == previous
                && graph.Requests[request] is { HasFailed: false, LinkKind: LinkKind.Exact or null, RetryOfRequestId: null };
        }

        var isFollowed = new bool[graph.Requests.Count];
        for (var request = 0; request < isQuiet.Length; request++)
        {
            if (graph.PreviousOf(request) is { } previous && graph.ParentOf(request) == previous)
            {
                isFollowed[previous] = children[previous] == 1;
            }

            if (graph.RetryOf(request) is { } retried)
            {
                isQuiet[retried] = false;
            }
        }

        return [.. isQuiet.Zip(isFollowed, (quiet, followed) => quiet && followed)];
    }

    private static List<TreeEdge> Connect(ConversationGraph graph, List<List<int>> stretches, int[] rowOf)
    {
        var edges = new List<TreeEdge>();
        for (var row = 0; row < stretches.Count; row++)
        {
            var request = stretches[row][0];
            var retried = graph.RetryOf(request);
            if ((retried ?? graph.ParentOf(request)) is not { } from)
            {
                continue;
            }

            var branch = graph.BranchOf(request);
            var shape = graph.BranchOf(from) == branch
                ? graph.PreviousOf(request) == from ? EdgeShape.Straight : EdgeShape.Arc
                : graph.Branches[branch].Origin == from && graph.PreviousOf(request) is null ? EdgeShape.Elbow
                : EdgeShape.Arc;
            edges.Add(new(
                rowOf[from], row, shape,
                retried is null ? RequestKinds.Of(graph.Branches[branch].Kind) : RequestKind.Retry));
        }

        return edges;
    }
}
