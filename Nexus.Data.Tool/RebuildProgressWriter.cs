using Nexus.Data.Conversations.Rebuilding;

namespace Nexus.Data.Tool;

/// <summary>Shows how far a rebuild has read: on one line of a terminal, elsewhere in a line every few seconds.</summary>
/// <param name="host">Where it is shown.</param>
internal sealed class RebuildProgressWriter(ToolHost host) : IProgress<RebuildProgress>, IDisposable
{
    private const string ClearLine = "\r\u001b[K";

    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _pauseOfTerminal = TimeSpan.FromMilliseconds(200);

    private readonly long _start = host.Time.GetTimestamp();
    private TimeSpan _shown;
    private bool _isOnLine;

    public void Report(RebuildProgress value)
    {
        var elapsed = host.Time.GetElapsedTime(_start);
        if (elapsed - _shown < (host.IsErrorTerminal ? _pauseOfTerminal : _pause))
        {
            return;
        }

        _shown = elapsed;
        var line = $"{value.TrainId}: {value.Requests:N0} requests read, {elapsed:hh\\:mm\\:ss}";
        if (host.IsErrorTerminal)
        {
            host.Error.Write(ClearLine + line);
            host.Error.Flush();
            _isOnLine = true;
        }
        else
        {
            host.Error.WriteLine(line);
        }
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
}
