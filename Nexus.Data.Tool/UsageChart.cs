using System.Globalization;
using System.Text;
using Nexus.Data.Usage;

namespace Nexus.Data.Tool;

/// <summary>Charts of usage, as SVG.</summary>
internal static class UsageChart
{
    private const string Others = "other models";

    /// <summary>Tokens of all kinds a day, stacked by model: the seven with most tokens, and the others together.</summary>
    public static string Days(string title, IReadOnlyList<DateOnly> days, IReadOnlyList<DailyUsage> usage)
    {
        var models = usage.GroupBy(one => one.Key.Model ?? "")
            .OrderByDescending(group => group.Sum(one => one.Usage.Tokens.Total)).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Key).ToList();
        var named = models.Count > ChartFrame.Colours ? models[..(ChartFrame.Colours - 1)] : models;
        var byDay = usage.ToLookup(one => one.Day);
        var highest = days.Max(day => byDay[day].Sum(one => one.Usage.Tokens.Total));
        var frame = new ChartFrame(
            title,
            named.Select((model, index) => ($"c{index}", Name(model)))
                .Concat(named.Count < models.Count ? [($"c{ChartFrame.Colours - 1}", Others)] : []),
            highest, [.. days.Select(day => day.ToString("MM-dd", CultureInfo.InvariantCulture))]);
        for (var place = 0; place < days.Count; place++)
        {
            var below = 0L;
            foreach (var part in byDay[days[place]].GroupBy(one => Index(named, one)).OrderBy(part => part.Key))
            {
                var tokens = part.Aggregate(default(TokenCounts), (sum, one) => sum + one.Usage.Tokens);
                if (tokens.Total > 0)
                {
                    var told = $"{days[place]:yyyy-MM-dd}, {(part.Key < named.Count ? Name(named[part.Key]) : Others)}: {tokens.Total:N0} "
                        + $"tokens ({tokens.Input:N0} input, {tokens.Output:N0} output, {tokens.CacheCreation:N0} into the cache, "
                        + $"{tokens.CacheRead:N0} from it)";
                    frame.Add(
                        "rect", told, ("class", $"bar c{(part.Key < named.Count ? part.Key : ChartFrame.Colours - 1)}"),
                        ("x", frame.X(place + 0.12)), ("y", frame.Y(below + tokens.Total)),
                        ("width", frame.X(0.76) - frame.X(0)), ("height", frame.Y(below) - frame.Y(below + tokens.Total)));
                    below += tokens.Total;
                }
            }
        }

        return frame.ToString();
    }

    /// <summary>Output tokens of the sliding window, and the limit.</summary>
    public static string Limit(string title, BurnDown series)
    {
        var points = series.Points;
        var frame = new ChartFrame(
            title, [("c0", "output tokens in the window"), ("limit-box", $"limit of {series.Limit:N0}")],
            Math.Max(series.Limit, points.Max(point => point.OutputTokens)),
            [.. points.Select(point => point.Time.ToString(
                series.Until - series.From > TimeSpan.FromDays(1) ? "MM-dd HH:mm" : "HH:mm", CultureInfo.InvariantCulture))]);
        var line = new StringBuilder();
        for (var place = 0; place < points.Count; place++)
        {
            line.Append(CultureInfo.InvariantCulture, $" {frame.X(place + 0.5):0.##},{frame.Y(points[place].OutputTokens):0.##}");
        }

        var (first, last) = (frame.X(0.5), frame.X(points.Count - 0.5));
        var area = string.Create(CultureInfo.InvariantCulture, $"{first:0.##},{frame.Y(0):0.##}{line} {last:0.##},{frame.Y(0):0.##}");
        frame.Add("polygon", null, ("class", "area"), ("points", area));
        frame.Add("polyline", null, ("class", "line"), ("points", line.ToString().Trim()));
        frame.Add(
            "line", null, ("class", "limit"), ("x1", frame.X(0)), ("x2", frame.X(points.Count)), ("y1", frame.Y(series.Limit)),
            ("y2", frame.Y(series.Limit)));
        for (var place = 0; place < points.Count; place++)
        {
            var point = points[place];
            frame.Add(
                "rect", $"{point.Time.Text()}: {point.OutputTokens:N0} tokens, {point.PercentUsed:0.#} %, {point.Remaining:N0} left",
                ("class", "hover"), ("x", frame.X(place)), ("y", frame.Y(Math.Max(series.Limit, point.OutputTokens))),
                ("width", frame.X(1) - frame.X(0)), ("height", frame.Y(0) - frame.Y(Math.Max(series.Limit, point.OutputTokens))));
        }

        return frame.ToString();
    }

    private static int Index(List<string> named, DailyUsage usage)
        => named.IndexOf(usage.Key.Model ?? "") is >= 0 and var index ? index : named.Count;

    private static string Name(string model) => model.Length == 0 ? "no model" : model;
}
