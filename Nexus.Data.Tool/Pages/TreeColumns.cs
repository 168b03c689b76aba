using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool.Pages;

/// <summary>Gives branches columns, of which no two share a column at one time. The main branch keeps the first.</summary>
internal static class TreeColumns
{
    /// <summary>The columns of the branches.</summary>
    /// <param name="graph">The conversation.</param>
    /// <param name="rowOf">The rows of its requests.</param>
    public static int[] Of(ConversationGraph graph, int[] rowOf)
    {
        var spans = graph.Branches
            .Select((branch, index) => (
                Index: index, From: rowOf[branch.Origin ?? branch.Requests[0]], To: branch.Requests.Max(request => rowOf[request]),
                IsMain: branch.Kind == BranchKind.Main))
            .ToList();
        var columns = new int[spans.Count];
        var (free, used) = (new SortedSet<int>(), spans.Exists(span => span.IsMain) ? 1 : 0);
        var taken = new PriorityQueue<int, int>();
        foreach (var span in spans.Where(span => !span.IsMain).OrderBy(span => span.From).ThenBy(span => span.Index))
        {
            while (taken.TryPeek(out var column, out var end) && end < span.From)
            {
                taken.Dequeue();
                free.Add(column);
            }

            if (free.Count > 0)
            {
                columns[span.Index] = free.Min;
                free.Remove(free.Min);
            }
            else
            {
                columns[span.Index] = used++;
            }

            taken.Enqueue(columns[span.Index], span.To);
        }

        return columns;
    }
}
