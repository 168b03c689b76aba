using System.Xml.Linq;
using Nexus.Data.Conversations;
using static Nexus.Data.Tool.Pages.Markup;

namespace Nexus.Data.Tool.Pages;

/// <summary>The tree as SVG: nodes and edges at the left, and a request's figures on its row.</summary>
internal static class TreeDrawing
{
    private const double RowHeight = 20;
    private const double Top = 16;
    private const double Left = 20;
    private const double WidestGraph = 640;
    private const double WordsWidth = 1_010;

    public static XStreamingElement Of(ConversationGraph graph, TreeLayout layout)
    {
        var places = Places.Of(layout.Columns);
        var height = Top + (layout.Rows.Count * RowHeight);
        return new(
            Svg + "svg", At("viewBox", $"0 0 {Number(places.Width)} {Number(height)}"), At("width", places.Width), At("height", height),
            At("role", "group"), At("aria-label", "Tree of the requests"),
            new XStreamingElement(Svg + "g", At("class", "edges"), layout.Edges.Select(edge => Edge(layout, edge, places))),
            layout.Rows.Select((_, row) => Row(graph, layout, row, places)));
    }

    private static double X(TreeLayout layout, int row, Places places) => places.Graph + (layout.Rows[row].Column * places.Step);

    private static double Y(int row) => Top + (row * RowHeight);

    private static XElement Edge(TreeLayout layout, TreeEdge edge, Places places)
    {
        var (x1, y1, x2, y2) = (X(layout, edge.From, places), Y(edge.From), X(layout, edge.To, places), Y(edge.To));
        var bow = Math.Min(x1, x2) - (places.Step * 0.7);
        var corner = x2 > x1 ? -6 : 6;
        var path = edge.Shape switch
        {
            EdgeShape.Straight => Inv($"M{x1:0.##} {y1:0.##}V{y2:0.##}"),
            EdgeShape.Elbow => Inv($"M{x1:0.##} {y1:0.##}H{x2 + corner:0.##}Q{x2:0.##} {y1:0.##} {x2:0.##} {y1 + 6:0.##}V{y2:0.##}"),
            _ => Inv($"M{x1:0.##} {y1:0.##}C{bow:0.##} {y1:0.##} {bow:0.##} {y2:0.##} {x2:0.##} {y2:0.##}"),
        };
        return Shape("path", At("class", $"e {NodeShapes.Class(edge.Kind)}"), At("d", path));
    }

    private static XElement Row(ConversationGraph graph, TreeLayout layout, int row, Places places)
    {
        var (requests, branch, _) = layout.Rows[row];
        var (number, y, words) = (requests[0], Y(row), places.Words);
        var request = graph.Requests[number];
        var kind = RequestKinds.Of(request);
        var isFirst = graph.PreviousOf(number) is null;
        return Shape(
            "a", At("tabindex", -1), At("href", $"#{PageLinks.Row(number)}"), At("id", PageLinks.Node(number)), At("class", "row"),
            Shape("title", RequestTooltip.Of(graph, requests)),
            Shape("rect", At("class", "hit"), At("x", 0), At("y", y - (RowHeight / 2)), At("width", places.Width), At("height", RowHeight)),
            requests.Count > 1 ? NodeShapes.Ring(X(layout, row, places), y) : null,
            NodeShapes.Of(kind, X(layout, row, places), y, request.HasFailed),
            Text(words, y + 4, graph.Clock(request.Timestamp), "dim"),
            isFirst
                ? Text(words + 108, y + 4, TerminalText.Line(graph.Branches[branch].Name, 26), $"name {NodeShapes.Class(RequestKinds.Of(graph.Branches[branch].Kind))}")
                : Text(words + 108, y + 4, What(graph, requests), "dim"),
            Text(words + 300, y + 4, TerminalText.Line(request.Model, 32)),
            Text(words + 632, y + 4, Tokens(graph, requests), "end"),
            Text(words + 704, y + 4, requests.Count > 1 ? null : RequestText.Length(RequestText.Duration(request)), "end"),
            Text(words + 722, y + 4, TerminalText.Line(RequestText.Failure(request), 42), "bad"));
    }

    // What is usual is not said.
    private static string? What(ConversationGraph graph, IReadOnlyList<int> requests)
        => requests.Count > 1 ? $"{requests.Count:N0} requests"
            : graph.Requests[requests[0]] is { LinkKind: not LinkKind.Exact } request
                ? RequestText.Link(request.LinkKind, request.LinkDistance)
                : null;

    private static string? Tokens(ConversationGraph graph, IReadOnlyList<int> requests)
    {
        var counted = requests.Select(request => RequestText.Tokens(graph.Requests[request])).OfType<long>().ToList();
        return counted.Count == 0 ? null : $"{counted.Sum():N0} tokens";
    }

    /// <summary>Where columns and words stand: the words behind the graph, or before it where it is so wide that nobody would
    /// find them.</summary>
    private readonly record struct Places(double Step, double Graph, double Words, double Width)
    {
        public static Places Of(int columns)
        {
            var step = Math.Clamp(WidestGraph / columns, 9, 20);
            var graph = Left + (columns * step);
            return graph > WidestGraph + (2 * Left)
                ? new(step, WordsWidth + Left, 12, WordsWidth + graph)
                : new(step, Left, graph + 8, graph + WordsWidth);
        }
    }
}
