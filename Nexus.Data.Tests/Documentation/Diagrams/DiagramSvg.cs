using System.Globalization;
using System.Text;

namespace Nexus.Data.Tests.Documentation.Diagrams;

/// <summary>Draws a diagram as an SVG file that stands by itself, on light and on dark pages.</summary>
internal static class DiagramSvg
{
    // Nothing is drawn on the page itself but lines, in a grey that is seen on white and on black.
    private const string Style =
        """
        text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px; fill: #1f2328 }
        .name { font-size: 13px; font-weight: 600; fill: #ffffff }
        .note { font-size: 11px; fill: #ffffff; text-anchor: end }
        .key { font-weight: 600 }
        .mark { font-size: 9px; font-weight: 600; fill: #9a6700 }
        .type { font-size: 11px; fill: #656d76; text-anchor: end }
        .box { fill: #ffffff; stroke: #8c959f }
        .stripe { fill: #f6f8fa }
        .line { fill: none; stroke: #8c959f; stroke-width: 1.3 }
        .soft { stroke-dasharray: 4 3 }
        .end { fill: #8c959f }
        .requests { fill: #0a58ca }
        .totals { fill: #0b7285 }
        .trains { fill: #9a4b00 }
        .chats { fill: #6f42c1 }
        .ghost { fill: #6e7781 }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3 }
          .mark { fill: #d29922 }
          .type { fill: #9198a1 }
          .box { fill: #161b22; stroke: #6e7681 }
          .stripe { fill: #1c2129 }
        }
        """;

    public static string Draw(Diagram diagram, IReadOnlyDictionary<string, ModelTable> tables)
    {
        var layout = new DiagramLayout(diagram, tables);
        var svg = new StringBuilder();
        svg.Append(Invariant(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{layout.Width}" height="{layout.Height}" viewBox="0 0 {layout.Width} {layout.Height}" role="img">
            <title>{diagram.Title}</title>
            <style>
            {Style}
            </style>

            """));
        foreach (var lane in layout.Lines.GroupBy(line => (line.Corners[1].X, line.Corners[^1])))
        {
            AppendLane(svg, [.. lane]);
        }

        foreach (var box in layout.Boxes)
        {
            Append(svg, box);
        }

        // On the boxes' borders.
        foreach (var line in layout.Lines)
        {
            AppendEnds(svg, line);
        }

        return svg.Append("</svg>\n").ToString();
    }

    // What ends at one place is one path: dashes that lie on each other would fill each other's gaps.
    private static void AppendLane(StringBuilder svg, List<PlacedLine> lines)
    {
        var soft = lines[0].Reference.IsKept ? "" : " soft";
        var lane = lines[0].Corners[1].X;
        var (x, y) = lines[0].Corners[^1];
        var heights = lines.SelectMany(line => line.Corners.Select(corner => corner.Y)).ToList();
        svg.Append(Invariant($"<path class=\"line{soft}\" d=\"M{lane} {heights.Min()} V{heights.Max()} M{lane} {y} H{x}"));
        foreach (var line in lines)
        {
            svg.Append(Invariant($" M{line.Corners[0].X} {line.Corners[0].Y} H{lane}"));
        }

        svg.Append("\"/>\n");
    }

    private static void AppendEnds(StringBuilder svg, PlacedLine line)
    {
        var corners = line.Corners;
        var (x, y) = corners[^1];
        var back = corners[^2].X > x ? 8 : -8;
        svg.Append(Invariant($"<circle class=\"end\" cx=\"{corners[0].X}\" cy=\"{corners[0].Y}\" r=\"3\"/>\n"));
        svg.Append(Invariant($"<path class=\"end\" d=\"M{x} {y} l{back} -4 v8 z\"/>\n"));
    }

    private static void Append(StringBuilder svg, PlacedBox placed)
    {
        var box = placed.Box;
        var (x, y, width) = (placed.X, placed.Y, placed.Width);
        var area = box.Shown.Length > 0 ? "ghost" : box.Area.ToString().ToLowerInvariant();
        svg.Append(Invariant(
            $"<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{placed.Bottom - y}\" rx=\"5\"/>\n"));
        svg.Append(Invariant(
            $"<path class=\"{area}\" d=\"M{x} {y + DiagramLayout.Head} v-{DiagramLayout.Head - 5} q0 -5 5 -5 h{width - 10} q5 0 5 5 v{DiagramLayout.Head - 5} z\"/>\n"));
        svg.Append(Invariant($"<text class=\"name\" x=\"{x + 12}\" y=\"{y + 18}\">{box.Table}</text>\n"));
        if (box.Note is { } note)
        {
            svg.Append(Invariant($"<text class=\"note\" x=\"{x + width - 12}\" y=\"{y + 18}\">{note}</text>\n"));
        }

        foreach (var (block, columns) in placed.Columns.Chunk(placed.Rows).Index())
        {
            foreach (var (row, column) in columns.Index())
            {
                Append(svg, column, x + (block * placed.BlockWidth), y + DiagramLayout.Head + (row * DiagramLayout.Row), placed.BlockWidth, row);
            }
        }
    }

    private static void Append(StringBuilder svg, ModelColumn column, int x, int y, int width, int row)
    {
        if (row % 2 == 1)
        {
            svg.Append(Invariant($"<rect class=\"stripe\" x=\"{x + 1}\" y=\"{y + 1}\" width=\"{width - 2}\" height=\"{DiagramLayout.Row}\"/>\n"));
        }

        var baseline = y + 14;
        var mark = column.IsKey ? "PK" : column.IsForeignKey ? "FK" : "";
        if (mark.Length > 0)
        {
            svg.Append(Invariant($"<text class=\"mark\" x=\"{x + 10}\" y=\"{baseline - 1}\">{mark}</text>\n"));
        }

        svg.Append(Invariant($"<text{(column.IsKey ? " class=\"key\"" : "")} x=\"{x + 30}\" y=\"{baseline}\">{column.Name}</text>"));
        svg.Append(Invariant($"<text class=\"type\" x=\"{x + width - 12}\" y=\"{baseline}\">{column.ShortType}</text>\n"));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
