namespace Nexus.Data.Tool.Pages;

/// <summary>Idle time that is drawn shorter than it was.</summary>
/// <param name="X">Where it begins.</param>
/// <param name="Width">How wide it is drawn.</param>
/// <param name="Length">How long it was.</param>
internal sealed record TimeGap(double X, double Width, TimeSpan Length);

/// <summary>Where times stand on an axis on which long idle times are shortened: together they take no more room than what was
/// done.</summary>
internal sealed class TimeAxis
{
    private readonly List<DateTimeOffset> _times = [];
    private readonly List<double> _places = [];

    /// <param name="spans">From when to when something was done, by their beginnings; at least one.</param>
    /// <param name="left">Where the axis begins.</param>
    /// <param name="width">How wide it is.</param>
    public TimeAxis(IEnumerable<(DateTimeOffset From, DateTimeOffset To)> spans, double left, double width)
    {
        var stretches = Merged(spans);
        var idle = stretches.Zip(stretches.Skip(1), (one, next) => next.From - one.To).ToList();
        var busy = Math.Max(
            stretches.Sum(stretch => (stretch.To - stretch.From).TotalSeconds), stretches.Count);
        var longest = Longest(idle, busy);
        var all = stretches.Sum(stretch => (stretch.To - stretch.From).TotalSeconds)
            + idle.Sum(gap => Math.Min(gap.TotalSeconds, longest));
        var scale = width / Math.Max(all, 0.001);
        var (x, gaps) = (left, new List<TimeGap>());
        for (var index = 0; index < stretches.Count; index++)
        {
            Add(stretches[index].From, x);
            x += (stretches[index].To - stretches[index].From).TotalSeconds * scale;
            Add(stretches[index].To, x);
            if (index < idle.Count)
            {
                var shown = Math.Min(idle[index].TotalSeconds, longest) * scale;
                if (idle[index].TotalSeconds > longest)
                {
                    gaps.Add(new(x, shown, idle[index]));
                }

                x += shown;
            }
        }

        (Gaps, Left, Right) = (gaps, left, left + width);
    }

    public double Left { get; }

    public double Right { get; }

    /// <summary>What is shortened, by time.</summary>
    public IReadOnlyList<TimeGap> Gaps { get; }

    /// <summary>Where a time is; what is outside of the axis is at its ends.</summary>
    public double X(DateTimeOffset time)
    {
        var found = _times.BinarySearch(time);
        if (found >= 0)
        {
            return _places[found];
        }

        var next = ~found;
        return next == 0 ? _places[0]
            : next == _times.Count ? _places[^1]
            : _places[next - 1] + ((_places[next] - _places[next - 1])
                * ((time - _times[next - 1]) / (_times[next] - _times[next - 1])));
    }

    /// <summary>Which time is at a place.</summary>
    public DateTimeOffset TimeAt(double x)
    {
        var found = _places.BinarySearch(x);
        if (found >= 0)
        {
            return _times[found];
        }

        var next = ~found;
        return next == 0 ? _times[0]
            : next == _places.Count ? _times[^1]
            : _times[next - 1] + ((_times[next] - _times[next - 1])
                * ((x - _places[next - 1]) / (_places[next] - _places[next - 1])));
    }

    // A time that is there already keeps its place.
    private void Add(DateTimeOffset time, double x)
    {
        if (_times.Count == 0 || time > _times[^1])
        {
            _times.Add(time);
            _places.Add(x);
        }
    }

    private static List<(DateTimeOffset From, DateTimeOffset To)> Merged(IEnumerable<(DateTimeOffset From, DateTimeOffset To)> spans)
    {
        var merged = new List<(DateTimeOffset From, DateTimeOffset To)>();
        foreach (var span in spans)
        {
            if (merged.Count > 0 && span.From <= merged[^1].To)
            {
                merged[^1] = (merged[^1].From, span.To > merged[^1].To ? span.To : merged[^1].To);
            }
            else
            {
                merged.Add(span);
            }
        }

        return merged;
    }

    // The longest that a gap is drawn, in seconds, so that all of them fit into the room.
    private static double Longest(List<TimeSpan> gaps, double room)
    {
        var rest = gaps.Count;
        foreach (var gap in gaps.Select(gap => gap.TotalSeconds).Order())
        {
            if (gap * rest > room)
            {
                return room / rest;
            }

            (room, rest) = (room - gap, rest - 1);
        }

        return double.PositiveInfinity;
    }
}
