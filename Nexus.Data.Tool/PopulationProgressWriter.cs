using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a population is.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class PopulationProgressWriter(ToolHost host) : IProgress<PopulationProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    public void Report(PopulationProgress value) => _line.Show(elapsed =>
    {
        var share = (double)value.Messages / value.Total;
        var rate = value.Messages / Math.Max(elapsed.TotalSeconds, 0.001);
        return $"{share * 100,3:0} %  {value.Messages:N0} messages, {rate:N0} a second{ProgressLine.Left(share, elapsed)}";
    });

    public void Dispose() => _line.Dispose();
}
