using System.CommandLine;
using System.Globalization;

namespace Nexus.Data.Tool;

/// <summary>Options that take a point in time.</summary>
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
}
