namespace Nexus.Data.Seeding.Bench;

/// <summary>What came of timing queries.</summary>
/// <param name="Users">How many people the database has.</param>
/// <param name="Chats">How many chats.</param>
/// <param name="Messages">How many messages.</param>
/// <param name="ChatId">The chat that was asked for: that with the most messages.</param>
/// <param name="ChatMessages">How many messages that one has.</param>
/// <param name="UserId">The person who asked: of its members the one in most chats.</param>
/// <param name="Results">What came of each query.</param>
public sealed record BenchReport(
    long Users, long Chats, long Messages, Guid ChatId, long ChatMessages, Guid UserId, IReadOnlyList<BenchResult> Results)
{
    /// <summary>Below so many messages times say little.</summary>
    public const int FewMessages = 1_000;

    /// <summary>Whether every query kept to its limit and its index.</summary>
    public bool IsPassed => Results.All(result => result.IsPassed);
}

/// <summary>What came of one query.</summary>
/// <param name="Name">A word for it.</param>
/// <param name="Group">What it belongs to: timeline, people, membership or joins.</param>
/// <param name="Purpose">What is asked.</param>
/// <param name="Rows">How many rows the answer has.</param>
/// <param name="P50">Milliseconds that half of the queries took at most.</param>
/// <param name="P95">Milliseconds that 95 of 100 took at most.</param>
/// <param name="Max">Milliseconds of the slowest.</param>
/// <param name="Limit">Milliseconds that 95 of 100 may take at most; null for no limit.</param>
/// <param name="Pages">How many pages of 8 KB the server looked at.</param>
/// <param name="WantedIndexes">The indexes that serve it, each by itself; empty for what reads a whole table.</param>
/// <param name="Indexes">The indexes that were used.</param>
/// <param name="Plan">How a wanted index stands to the query.</param>
public sealed record BenchResult(
    string Name, string Group, string Purpose, int Rows, double P50, double P95, double Max, double? Limit, long Pages, IReadOnlyList<string> WantedIndexes,
    IReadOnlyList<string> Indexes, BenchPlan Plan)
{
    /// <summary>Whether 95 of 100 were as fast as they have to be.</summary>
    public bool IsInTime => Limit is not { } limit || P95 <= limit;

    /// <summary>Whether it was fast enough, and its index serves it.</summary>
    public bool IsPassed => IsInTime && Plan != BenchPlan.Missing;
}

/// <summary>How an index stands to a query.</summary>
public enum BenchPlan
{
    /// <summary>It was used.</summary>
    Used,

    /// <summary>It fits, but the tables are so small that the server knows a faster way.</summary>
    Spared,

    /// <summary>None is wanted: a whole table is read.</summary>
    None,

    /// <summary>It cannot be used: it is not there, or not valid, or does not fit.</summary>
    Missing,
}
