namespace Nexus.Data.Recording.Spooling;

/// <summary>When the oldest entry was appended, to a second: a sample of each second, however many entries it had.</summary>
internal sealed class SpoolAges
{
    private readonly Queue<(long Sequence, long Ticks)> _later = [];
    private (long Sequence, long Ticks)? _first;
    private long _newest;

    /// <summary>In UTC ticks; null where there is none.</summary>
    public long? Oldest => _first?.Ticks;

    public void Add(long sequence, long ticks)
    {
        if (_first is null)
        {
            _first = (sequence, ticks);
        }
        else if (ticks >= _newest + TimeSpan.TicksPerSecond)
        {
            _later.Enqueue((sequence, ticks));
        }
        else
        {
            return;
        }

        _newest = ticks;
    }

    /// <summary>Forgets what is older than the oldest that is not done.</summary>
    public void Trim(long oldest)
    {
        while (_later.TryPeek(out var next) && next.Sequence <= oldest)
        {
            _first = _later.Dequeue();
        }
    }

    public void Clear()
    {
        _later.Clear();
        _first = null;
    }
}
