using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary>Shows how far an export is.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class ExportProgressWriter(ToolHost host) : IProgress<ExportReport>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    public void Report(ExportReport value)
        => _line.Show(elapsed =>
        {
            var seconds = Math.Max(elapsed.TotalSeconds, 0.001);
            return $"{value.Requests:N0} requests, {value.Bytes / 1e6:N0} MB, {value.Requests / seconds:N0} a second";
        });

    public void Clear() => _line.Clear();

    public void Dispose() => _line.Dispose();
}
