namespace Nexus.Data.Recording.Spooling;

/// <summary>Which sequences are done: all below a number, and ranges above it. In order it takes no room at all.</summary>
internal sealed class SequenceSet(long before)
{
    // In order, apart from each other, and each above Before.
    private readonly List<(long Start, long End)> _ranges = [];

    /// <summary>The lowest that is not done; all below it are.</summary>
    public long Before { get; private set; } = before;

    public bool Contains(long sequence) => NextMissing(sequence) != sequence;

    /// <summary>The lowest from here on that is not done.</summary>
    public long NextMissing(long sequence)
    {
        if (sequence < Before)
        {
            return Before;
        }

        var index = IndexOf(sequence) - 1;
        return index >= 0 && _ranges[index].End > sequence ? _ranges[index].End : sequence;
    }

    /// <summary>Adds one; false where it was there already.</summary>
    public bool Add(long sequence) => AddRange(sequence, sequence + 1) == 1;

    /// <summary>Adds all from here to before there, and says how many of them are new.</summary>
    public long AddRange(long start, long end)
    {
        start = Math.Max(start, Before);
        if (end <= start)
        {
            return 0;
        }

        // Those that overlap or touch become one.
        var first = IndexOf(start);
        if (first > 0 && _ranges[first - 1].End >= start)
        {
            first--;
        }

        var known = 0L;
        var (from, to) = (start, end);
        var last = first;
        for (; last < _ranges.Count && _ranges[last].Start <= end; last++)
        {
            var range = _ranges[last];
            known += Math.Max(0, Math.Min(end, range.End) - Math.Max(start, range.Start));
            (from, to) = (Math.Min(from, range.Start), Math.Max(to, range.End));
        }

        _ranges.RemoveRange(first, last - first);
        if (from == Before)
        {
            Before = to;
        }
        else
        {
            _ranges.Insert(first, (from, to));
        }

        return end - start - known;
    }

    // The first range that begins above the sequence.
    private int IndexOf(long sequence)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].Start <= sequence)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
