namespace Nexus.Data.Usage;

/// <summary>What an account used in the last window.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Usage">The sum.</param>
/// <param name="LastRequestAt">The time of its latest request, in UTC.</param>
/// <param name="Limit">Output tokens that the window may hold.</param>
/// <param name="Now">How much of the limit is used at the end of the window.</param>
/// <param name="Trains">For which trains, most output tokens first.</param>
/// <param name="Series">How it came to that, in the order of time.</param>
public sealed record AccountUsage(
    string AccountId, UsageSum Usage, DateTimeOffset LastRequestAt, long Limit, BurnDownPoint Now,
    IReadOnlyList<TrainUsage> Trains, IReadOnlyList<BurnDownPoint> Series);
