using Nexus.Data.Credentials;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a re-encryption is.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class ReprotectProgressWriter(ToolHost host) : IProgress<ReprotectProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    public void Report(ReprotectProgress value)
        => _line.Show(elapsed =>
            $"{value.Table}: {value.Secrets:N0} secrets, {value.Rewritten:N0} rewritten, "
            + $"{value.Secrets / Math.Max(elapsed.TotalSeconds, 0.001):N0} a second");

    public void Clear() => _line.Clear();

    public void Dispose() => _line.Dispose();
}
