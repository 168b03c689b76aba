using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a prune is.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class PruneProgressWriter(ToolHost host) : IProgress<PruneProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    /// <summary>What was reported last.</summary>
    public PruneProgress Last { get; private set; }

    public void Report(PruneProgress value)
    {
        Last = value;
        _line.Show(elapsed =>
        {
            var rate = value.Requests / Math.Max(elapsed.TotalSeconds, 0.001);
            return $"{value.TrainId}: {value.Requests:N0} requests of {value.Conversations:N0} conversations, {rate:N0} a second";
        });
    }

    public void Clear() => _line.Clear();

    public void Dispose() => _line.Dispose();
}
