using Nexus.Data.Persistence;

namespace Nexus.Data.Usage;

/// <summary>A time cut into buckets, told apart by hours that lie in one bucket as a whole, which totals answer for, and hours
/// that a cut goes through, of which the requests are read.</summary>
internal sealed class TimeBuckets
{
    private static readonly TimeSpan _hour = TimeSpan.FromHours(1);

    private TimeBuckets(DateTimeOffset?[] edges)
    {
        From = edges[0];
        Until = edges[^1];
        Starts = [.. edges[..^1].Select(edge => edge ?? DateTimeOffset.MinValue)];
        Split = [.. edges.OfType<DateTimeOffset>().Where(edge => edge != HourOf(edge)).Select(HourOf).Distinct()];
        SplitFrom = [.. Split.Select(hour => From > hour ? From.Value : hour)];
        SplitUntil = [.. Split.Select(hour => Until < hour + _hour ? Until.Value : hour + _hour)];
    }

    /// <summary>The beginning; null where there is none.</summary>
    public DateTimeOffset? From { get; }

    /// <summary>The end, which does not belong to it; null where there is none.</summary>
    public DateTimeOffset? Until { get; }

    /// <summary>Where each bucket begins.</summary>
    public DateTimeOffset[] Starts { get; }

    /// <summary>Hours that a cut goes through.</summary>
    public DateTimeOffset[] Split { get; }

    /// <summary>Where what counts of each of them begins.</summary>
    public DateTimeOffset[] SplitFrom { get; }

    /// <summary>Where it ends.</summary>
    public DateTimeOffset[] SplitUntil { get; }

    /// <summary>One bucket, which may be open at both ends.</summary>
    public static TimeBuckets One(DateTimeOffset? from, DateTimeOffset? until)
        => new([Stored(from), Stored(until)]);

    /// <summary>Buckets one after another.</summary>
    /// <param name="edges">Where each begins, and where the last one ends; in order.</param>
    public static TimeBuckets Of(IEnumerable<DateTimeOffset> edges) => new([.. edges.Select(edge => Stored(edge))]);

    /// <summary>A bucket for each hour, the first and the last of which may be shorter.</summary>
    public static TimeBuckets Hours(DateTimeOffset from, DateTimeOffset until)
    {
        var edges = new List<DateTimeOffset> { from };
        for (var hour = HourOf(from) + _hour; hour < until; hour += _hour)
        {
            edges.Add(hour);
        }

        return Of([.. edges, until]);
    }

    public static DateTimeOffset HourOf(DateTimeOffset time)
        => time.ToUniversalTime().AddTicks(-(time.UtcTicks % TimeSpan.TicksPerHour));

    private static DateTimeOffset? Stored(DateTimeOffset? time)
        => time is { } moment ? StoredTime.Of(moment) : null;
}
