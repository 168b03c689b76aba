namespace Nexus.Data.Tool;

/// <summary>Shows how far long work is: on one line of a terminal, elsewhere in a line every few seconds.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class ProgressLine(ToolHost host) : IDisposable
{
    private const string ClearLine = "\r\u001b[K";

    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _pauseOfTerminal = TimeSpan.FromMilliseconds(200);

    private readonly long _start = host.Time.GetTimestamp();
    private TimeSpan _shown;
    private bool _isOnLine;

    /// <summary>Shows where the work is, unless that was shown just now.</summary>
    /// <param name="line">Makes the line of the time since the start.</param>
    public void Show(Func<TimeSpan, string> line)
    {
        var elapsed = host.Time.GetElapsedTime(_start);
        if (elapsed - _shown < (host.IsErrorTerminal ? _pauseOfTerminal : _pause))
        {
            return;
        }

        _shown = elapsed;
        if (host.IsErrorTerminal)
        {
            host.Error.Write(ClearLine + line(elapsed));
            host.Error.Flush();
            _isOnLine = true;
        }
        else
        {
            host.Error.WriteLine(line(elapsed));
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

    /// <summary>What is left at the rate so far, in words; nothing where no share is known.</summary>
    public static string Left(double share, TimeSpan elapsed)
    {
        if (share <= 0)
        {
            return "";
        }

        var left = elapsed * ((1 - Math.Min(1, share)) / Math.Min(1, share));
        return $", {(int)left.TotalHours}:{left:mm\\:ss} left";
    }

    public void Dispose() => Clear();
}
