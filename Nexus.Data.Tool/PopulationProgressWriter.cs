using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a population is.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class PopulationProgressWriter(ToolHost host) : IProgress<PopulationProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);
    private string? _table;
    private long _first;
    private TimeSpan _begun;

    public void Report(PopulationProgress value) => _line.Show(elapsed =>
    {
        if (value.Table != _table)
        {
            // Nobody knows when the first of it began: the rate is that of what comes after.
            (_table, _first, _begun) = (value.Table, value.Rows, elapsed);
        }

        var (rows, spent) = (value.Rows - _first, elapsed - _begun);
        var rate = rows / Math.Max(spent.TotalSeconds, 0.001);
        var speed = rows > 0 ? $", {rate:N0} a second{ProgressLine.Left((double)rows / (value.Total - _first), spent)}" : "";
        return $"{100.0 * value.Rows / value.Total,3:0} %  {value.Rows:N0} {Noun(value.Table)}{speed}";
    });

    public void Dispose() => _line.Dispose();

    private static string Noun(string table) => table == "api_requests" ? "requests" : table;
}
