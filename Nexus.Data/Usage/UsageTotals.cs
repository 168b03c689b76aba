namespace Nexus.Data.Usage;

/// <summary>What was used in all, and by whom and what for.</summary>
/// <param name="From">From when on, in UTC; null from the beginning.</param>
/// <param name="Until">Until when; null to the end.</param>
/// <param name="Usage">The sum.</param>
/// <param name="ActiveAccounts">Accounts with requests.</param>
/// <param name="NewConversations">Conversations whose first request lies in the time, one for each train that they are of; null
/// where no beginning was given, or a filter asks for what a conversation as a whole does not have.</param>
/// <param name="Trains">By train, most requests first.</param>
/// <param name="Models">By model, in the same order.</param>
/// <param name="RequestTypes">By type, in the same order.</param>
public sealed record UsageTotals(
    DateTimeOffset? From, DateTimeOffset? Until, UsageSum Usage, int ActiveAccounts, long? NewConversations,
    IReadOnlyList<UsagePart> Trains, IReadOnlyList<UsagePart> Models, IReadOnlyList<UsagePart> RequestTypes);

/// <summary>A part of a total.</summary>
/// <param name="Name">The train, model or type; empty where the requests do not say.</param>
/// <param name="Usage">The sum.</param>
public sealed record UsagePart(string Name, UsageSum Usage);
