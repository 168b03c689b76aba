using System.CommandLine;
using System.Globalization;

namespace Nexus.Data.Tool;

/// <summary>Options that take a point in time, or a length of it.</summary>
internal static class TimeOption
{
    /// <summary>Makes an option such as <c>--since 2025-09-01</c>. A time without a zone is in UTC.</summary>
    public static Option<DateTimeOffset?> Create(string name, string description)
        => new(name)
        {
            Description = description,
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (TimeOf(result.Tokens[0].Value) is { } time)
                {
                    return time;
                }

                result.AddError($"{name} takes a time such as 2025-09-01 or 2025-09-01T08:00Z.");
                return null;
            },
        };

    /// <summary>Makes an option such as <c>--older-than 90d</c>.</summary>
    public static Option<TimeSpan?> CreateLength(string name, string description)
        => new(name)
        {
            Description = description,
            HelpName = "LENGTH",
            CustomParser = result =>
            {
                if (LengthOf(result.Tokens[0].Value) is { } length)
                {
                    return length;
                }

                result.AddError($"{name} takes a length such as 90d, 12h, 30m or 45s.");
                return null;
            },
        };

    /// <summary>Makes an option that takes either: <c>--since 2025-09-01</c>, or <c>--since 30d</c> for as long ago. Never what is
    /// still to come.</summary>
    public static Option<DateTimeOffset?> CreatePast(string name, string description, TimeProvider clock)
        => new(name)
        {
            Description = description,
            HelpName = "TIME",
            CustomParser = result =>
            {
                var (text, now) = (result.Tokens[0].Value, clock.GetUtcNow());
                var time = LengthOf(text) is { } length ? Before(now, length) : TimeOf(text);
                if (time <= now)
                {
                    return time;
                }

                result.AddError(
                    time is null
                        ? $"{name} takes a time such as 2025-09-01 or 2025-09-01T08:00Z, or a length such as 30d, 12h, 30m or 45s for as long ago."
                        : $"{name} takes a time that has come: {text} has not.");
                return null;
            },
        };

    // Longer ago than there are years is at the beginning of time.
    private static DateTimeOffset Before(DateTimeOffset now, TimeSpan length)
        => length < now - DateTimeOffset.MinValue ? now - length : DateTimeOffset.MinValue;

    private static DateTimeOffset? TimeOf(string text)
        => DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    // Also as people have typed it until now: 7 days.
    private static TimeSpan? LengthOf(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        return double.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is > 0 and < 1e6 && Unit(text[digits..].Trim()) is { } unit
                ? count * unit
                : null;
    }

    private static TimeSpan? Unit(string word) => word switch
    {
        "w" or "week" or "weeks" => TimeSpan.FromDays(7),
        "d" or "day" or "days" => TimeSpan.FromDays(1),
        "h" or "hour" or "hours" => TimeSpan.FromHours(1),
        "m" or "minute" or "minutes" => TimeSpan.FromMinutes(1),
        "s" or "second" or "seconds" => TimeSpan.FromSeconds(1),
        "month" or "months" => TimeSpan.FromDays(30),
        _ => null,
    };
}
