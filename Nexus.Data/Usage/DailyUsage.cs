namespace Nexus.Data.Usage;

/// <summary>What was used on a day of a calendar.</summary>
/// <param name="Day">The day, in the time zone that was asked for.</param>
/// <param name="From">When it begins, in UTC.</param>
/// <param name="Until">When the next one begins: 23, 24 or 25 hours later as a rule.</param>
/// <param name="Key">Whose usage.</param>
/// <param name="Usage">The sum.</param>
public sealed record DailyUsage(DateOnly Day, DateTimeOffset From, DateTimeOffset Until, UsageKey Key, UsageSum Usage);
