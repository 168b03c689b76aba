namespace Nexus.Data.Usage;

/// <summary>What was used in an hour.</summary>
/// <param name="Hour">Its beginning, in UTC. Of the first and the last hour that were asked for a part may count.</param>
/// <param name="Key">Whose usage.</param>
/// <param name="Usage">The sum.</param>
public sealed record HourlyUsage(DateTimeOffset Hour, UsageKey Key, UsageSum Usage);
