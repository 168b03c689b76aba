namespace Nexus.Data.Operations;

/// <summary>How much of the original program's sequence a database has that the original made.</summary>
public sealed record OriginalSchema
{
    /// <summary>What to call it: <c>014 without 002, 003, 012</c>, or <c>bootstrap file with 013, 014</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The numbers of the steps that are there, in part at least. Of a database that the bootstrap file made, those
    /// that left something beside what the file makes.</summary>
    public required IReadOnlyList<int> Steps { get; init; }

    /// <summary>The numbers of the steps below the newest one of which nothing is there: they have failed, or were never
    /// run.</summary>
    public required IReadOnlyList<int> Failed { get; init; }

    /// <summary>What the steps that are there make and is not there, as <c>index idx_…</c> or <c>column table.name</c>. For the
    /// bootstrap file tables, views and columns only: its indexes have other names.</summary>
    public required IReadOnlyList<string> Missing { get; init; }
}
