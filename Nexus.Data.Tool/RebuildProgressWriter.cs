using Nexus.Data.Conversations.Rebuilding;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a rebuild has read.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class RebuildProgressWriter(ToolHost host) : IProgress<RebuildProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    public void Report(RebuildProgress value)
        => _line.Show(elapsed =>
        {
            var rate = value.Requests / Math.Max(elapsed.TotalSeconds, 0.001);
            var share = (double)value.Requests / Math.Max(value.Total, 1);
            return $"{value.TrainId}: {value.Requests:N0} of {value.Total:N0} requests read, {rate:N0} a second"
                + ProgressLine.Left(share, elapsed);
        });

    public void Clear() => _line.Clear();

    public void Dispose() => _line.Dispose();
}
