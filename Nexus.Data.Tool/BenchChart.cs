using Nexus.Data.Seeding.Bench;

namespace Nexus.Data.Tool;

/// <summary>The chart of a bench, as SVG: of each query what half and what 95 of 100 took, and its limit.</summary>
internal static class BenchChart
{
    public static string Of(string title, BenchReport report)
    {
        var results = report.Results;
        var frame = new ChartFrame(
            title, [("c0", "p50, milliseconds"), ("c4", "p95"), ("c5", "p95 above its limit"), ("limit-box", "limit")],
            results.Max(result => Math.Max(result.P95, result.Limit ?? 0)), [.. results.Select(result => result.Name)]);
        for (var place = 0; place < results.Count; place++)
        {
            var result = results[place];
            Bar(result.P50, 0.15, "c0");
            Bar(result.P95, 0.5, result.IsInTime ? "c4" : "c5");
            if (result.Limit is { } limit)
            {
                frame.Add(
                    "line", $"{result.Name}: at most {limit:0.##} ms", ("class", "limit"), ("x1", frame.X(place + 0.08)), ("x2", frame.X(place + 0.92)),
                    ("y1", frame.Y(limit)), ("y2", frame.Y(limit)));
            }

            void Bar(double value, double from, string colour) => frame.Add(
                "rect", Told(result), ("class", $"bar {colour}"), ("x", frame.X(place + from)), ("y", frame.Y(value)),
                ("width", frame.X(0.35) - frame.X(0)), ("height", frame.Y(0) - frame.Y(value)));
        }

        return frame.ToString();
    }

    private static string Told(BenchResult result)
        => $"{result.Purpose}: p50 {result.P50:0.00} ms, p95 {result.P95:0.00} ms, max {result.Max:0.00} ms, {result.Rows:N0} rows, {result.Pages:N0} pages";
}
