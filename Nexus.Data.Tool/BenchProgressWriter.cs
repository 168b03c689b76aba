using Nexus.Data.Seeding.Bench;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a bench is.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class BenchProgressWriter(ToolHost host) : IProgress<BenchProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    public void Report(BenchProgress value) => _line.Show(_ => $"{value.Done} of {value.Total} queries, {value.Query}");

    public void Dispose() => _line.Dispose();
}
