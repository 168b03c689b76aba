using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary>Shows how far an import is: on one line of a terminal, elsewhere in a line every few seconds.</summary>
/// <param name="host">Where it is shown.</param>
/// <param name="length">Bytes of the log; null where nobody knows.</param>
internal sealed class ImportProgressWriter(ToolHost host, long? length) : IProgress<ImportProgress>, IDisposable
{
    private const string ClearLine = "\r\u001b[K";

    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _pauseOfTerminal = TimeSpan.FromMilliseconds(200);

    private readonly long _start = host.Time.GetTimestamp();
    private TimeSpan _shown;
    private bool _isOnLine;

    /// <summary>What was reported last.</summary>
    public ImportProgress Last { get; private set; }

    public void Report(ImportProgress value)
    {
        Last = value;
        var elapsed = host.Time.GetElapsedTime(_start);
        if (elapsed - _shown < (host.IsErrorTerminal ? _pauseOfTerminal : _pause))
        {
            return;
        }

        _shown = elapsed;
        if (host.IsErrorTerminal)
        {
            host.Error.Write(ClearLine + Line(value, elapsed));
            host.Error.Flush();
            _isOnLine = true;
        }
        else
        {
            host.Error.WriteLine(Line(value, elapsed));
        }
    }

    /// <summary>Writes a line of its own, above the progress.</summary>
    public void WriteLine(string line)
    {
        Clear();
        host.Error.WriteLine(line);
    }

    public void Clear()
    {
        if (_isOnLine)
        {
            host.Error.Write(ClearLine);
            _isOnLine = false;
        }
    }

    public void Dispose() => Clear();

    private string Line(ImportProgress value, TimeSpan elapsed)
    {
        var rate = value.Lines / Math.Max(elapsed.TotalSeconds, 0.001);
        var line = $"{value.Lines:N0} lines, {rate:N0} a second";
        if (length is not > 0 || value.Bytes == 0)
        {
            return line;
        }

        var share = Math.Min(1, (double)value.Bytes / length.Value);
        var left = elapsed * ((1 - share) / share);
        return $"{share * 100,3:0} %  {line}, {(int)left.TotalHours}:{left:mm\\:ss} left";
    }
}
