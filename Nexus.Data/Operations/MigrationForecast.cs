namespace Nexus.Data.Operations;

/// <summary>What a migration would find to do in a database as it is.</summary>
/// <param name="Id">The migration.</param>
/// <param name="Makes">What it would make that stays, as <c>table name</c> or <c>column table.name</c>; not what is there
/// already, and not what a later one drops again.</param>
/// <param name="Renames">What it would rename, as <c>column table.name to new_name</c>.</param>
/// <param name="Drops">What is there and it would drop.</param>
/// <param name="LeavesOut">Indexes that it would not build, because the table is large and a later migration drops them
/// again.</param>
/// <param name="Rows">What it would do to rows.</param>
public sealed record MigrationForecast(
    string Id,
    IReadOnlyList<string> Makes,
    IReadOnlyList<string> Renames,
    IReadOnlyList<string> Drops,
    IReadOnlyList<string> LeavesOut,
    IReadOnlyList<RowForecast> Rows)
{
    /// <summary>Whether it would find nothing to do.</summary>
    public bool IsEmpty
        => Makes.Count == 0 && Renames.Count == 0 && Drops.Count == 0 && LeavesOut.Count == 0 && Rows.Count == 0;
}

/// <summary>What a migration would do to rows that exist.</summary>
/// <param name="Table">The table that is read.</param>
/// <param name="What">What it does, as the end of a sentence that begins with the migration.</param>
/// <param name="Rows">The table's rows by the server's statistics: at most so many change.</param>
public sealed record RowForecast(string Table, string What, long Rows);
