namespace Nexus.Data.Usage;

/// <summary>Where the days of a calendar begin.</summary>
internal static class LocalDays
{
    private static readonly TimeSpan _farthest = TimeSpan.FromHours(26);

    /// <exception cref="NexusDataException">Nobody knows the zone.</exception>
    public static TimeZoneInfo Zone(string timeZone)
    {
        ArgumentNullException.ThrowIfNull(timeZone);
        return TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone)
            ? zone
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"There is no time zone '{timeZone}': give one such as UTC or Europe/Berlin.");
    }

    /// <summary>The first second that belongs to the day or a later one: there may be no midnight, or two, or no such day. Where clocks
    /// once went back over midnight, so that a day came twice, one of its two beginnings.</summary>
    public static DateTimeOffset StartOf(DateOnly day, TimeZoneInfo zone)
    {
        var midnight = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var (before, at) = (midnight - _farthest, midnight + _farthest);
        while (at - before > TimeSpan.FromSeconds(1))
        {
            var middle = before + TimeSpan.FromSeconds(Math.Floor((at - before).TotalSeconds / 2));
            (before, at) = Of(middle, zone) < day ? (middle, at) : (before, middle);
        }

        return at;
    }

    public static DateOnly Of(DateTimeOffset time, TimeZoneInfo zone)
        => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, zone).DateTime);
}
