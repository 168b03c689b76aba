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
                if (DateTimeOffset.TryParse(
                        result.Tokens[0].Value, CultureInfo.InvariantCulture,
                        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
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
                var text = result.Tokens[0].Value;
                if (double.TryParse(text[..^Math.Min(1, text.Length)], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    && count is > 0 and < 1e6 && Unit(text[^1]) is { } unit)
                {
                    return count * unit;
                }

                result.AddError($"{name} takes a length such as 90d, 12h, 30m or 45s.");
                return null;
            },
        };

    private static TimeSpan? Unit(char letter) => letter switch
    {
        'd' => TimeSpan.FromDays(1),
        'h' => TimeSpan.FromHours(1),
        'm' => TimeSpan.FromMinutes(1),
        's' => TimeSpan.FromSeconds(1),
        _ => null,
    };
}
