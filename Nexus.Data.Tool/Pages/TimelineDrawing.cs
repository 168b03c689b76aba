using System.Xml.Linq;
using static Nexus.Data.Tool.Pages.Markup;

namespace Nexus.Data.Tool.Pages;

/// <summary>The timeline as SVG: a lane for each branch, a bar for each request, and a mark where idle time is shortened.
/// </summary>
internal static class TimelineDrawing
{
    private const int LongestName = 22;

    public static XStreamingElement Of(ConversationGraph graph, TimelineLayout layout)
        => new(
            Svg + "svg", At("viewBox", $"0 0 {Number(layout.Width)} {Number(layout.Height)}"), At("width", layout.Width),
            At("height", layout.Height), At("role", "group"), At("aria-label", "Timeline of the requests"),
            layout.Lanes.Where((_, index) => index % 2 == 1).Select(lane => Shape(
                "rect", At("class", "lane"), At("x", 0), At("y", lane.Y), At("width", layout.Width), At("height", lane.Height))),
            layout.Axis.Gaps.Select(gap => Gap(layout, gap)),
            layout.Ticks.Select((tick, index) => Tick(layout, tick, index == 0 ? default(DateTimeOffset?) : layout.Ticks[index - 1].Time)),
            layout.Lanes.Select(lane => Lane(graph, lane)));

    private static XElement Gap(TimelineLayout layout, TimeGap gap)
    {
        var (middle, y) = (gap.X + (gap.Width / 2), TimelineLayout.Top - 6);
        return Shape(
            "g", At("class", "gap"), Shape("title", $"{RequestText.Length(gap.Length)} without a request"),
            Shape("rect", At("x", gap.X), At("y", TimelineLayout.Top - 10), At("width", gap.Width), At("height", layout.Height - TimelineLayout.Top)),
            Shape("path", At("d", Inv($"M{middle - 3:0.##} {y + 4:0.##}l2.5 -8m1 8l2.5 -8"))));
    }

    private static XElement Tick(TimelineLayout layout, (double X, DateTimeOffset Time) tick, DateTimeOffset? before)
    {
        var isNewDay = before?.UtcDateTime.Date != tick.Time.UtcDateTime.Date;
        var text = isNewDay ? $"{tick.Time.UtcDateTime:MM-dd HH:mm:ss}" : $"{tick.Time.UtcDateTime:HH:mm:ss}";
        return Shape(
            "g", At("class", "tick"),
            Shape("path", At("d", Inv($"M{tick.X:0.##} {TimelineLayout.Top - 14:0.##}V{layout.Height - 8:0.##}"))),
            Text(tick.X + 3, TimelineLayout.Top - 16, text, "dim"));
    }

    private static XElement Lane(ConversationGraph graph, TimeLane lane)
    {
        var branch = graph.Branches[lane.Branch];
        var kind = NodeShapes.Class(RequestKinds.Of(branch.Kind));
        return Shape(
            "g",
            Shape(
                "a", At("tabindex", -1), At("href", $"#{PageLinks.Branch(lane.Branch)}"),
                Text(lane.Bars[0].X - 6, lane.Bars[0].Y + 9, TerminalText.Line(branch.Name, LongestName), $"name end {kind}"),
                Shape("title", branch.Name)),
            lane.Bars.Select(bar => Bar(graph, bar)));
    }

    private static XElement Bar(ConversationGraph graph, TimeBar bar)
    {
        var request = graph.Requests[bar.Request];
        return Shape(
            "a", At("tabindex", -1), At("href", $"#{PageLinks.Row(bar.Request)}"), At("id", PageLinks.Bar(bar.Request)),
            Shape("title", RequestTooltip.Of(graph, bar.Request)),
            Shape(
                "rect",
                At("class", $"bar {NodeShapes.Class(RequestKinds.Of(request))}{(request.HasFailed ? " bad" : "")}{(bar.IsOpen ? " open" : "")}"),
                At("x", bar.X), At("y", bar.Y), At("width", bar.Width), At("height", TimelineLayout.BarHeight)));
    }
}
