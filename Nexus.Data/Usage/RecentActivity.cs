namespace Nexus.Data.Usage;

/// <summary>The last 24 hours.</summary>
/// <param name="From">Their beginning, in UTC.</param>
/// <param name="Until">Now.</param>
/// <param name="Usage">The sum.</param>
/// <param name="ActiveAccounts">Accounts with requests.</param>
/// <param name="ActiveConversations">Conversations with a request since then, one for each train that they are of; null where a
/// filter asks for what a conversation as a whole does not have.</param>
/// <param name="Hours">The hours that the 24 lie in, 24 or 25, the newest first, those without requests too.</param>
public sealed record RecentActivity(
    DateTimeOffset From, DateTimeOffset Until, UsageSum Usage, int ActiveAccounts, long? ActiveConversations,
    IReadOnlyList<HourlyUsage> Hours);
