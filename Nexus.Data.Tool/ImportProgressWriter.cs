using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary>Shows how far an import is.</summary>
/// <param name="host">Where it is shown.</param>
/// <param name="length">Bytes of the log; null where nobody knows.</param>
internal sealed class ImportProgressWriter(ToolHost host, long? length) : IProgress<ImportProgress>, IDisposable
{
    private readonly ProgressLine _line = new(host);

    /// <summary>What was reported last.</summary>
    public ImportProgress Last { get; private set; }

    public void Report(ImportProgress value)
    {
        Last = value;
        _line.Show(elapsed => Line(value, elapsed));
    }

    /// <summary>Writes a line of its own, above the progress.</summary>
    public void WriteLine(string line) => _line.WriteLine(line);

    public void Clear() => _line.Clear();

    public void Dispose() => _line.Dispose();

    private string Line(ImportProgress value, TimeSpan elapsed)
    {
        var rate = value.Lines / Math.Max(elapsed.TotalSeconds, 0.001);
        var line = $"{value.Lines:N0} lines, {rate:N0} a second";
        if (length is not > 0 || value.Bytes == 0)
        {
            return line;
        }

        var share = Math.Min(1, (double)value.Bytes / length.Value);
        return $"{share * 100,3:0} %  {line}{ProgressLine.Left(share, elapsed)}";
    }
}
