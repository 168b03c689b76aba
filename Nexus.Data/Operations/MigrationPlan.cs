namespace Nexus.Data.Operations;

/// <summary>What it takes to bring a database to a version.</summary>
/// <param name="Target">The migration to end at, by its id; null to undo all.</param>
/// <param name="Apply">Ids of the migrations to apply, in their order.</param>
/// <param name="Revert">Ids of the migrations to undo, newest first.</param>
/// <param name="Losses">What goes with the undone ones.</param>
public sealed record MigrationPlan(
    string? Target, IReadOnlyList<string> Apply, IReadOnlyList<string> Revert, IReadOnlyList<MigrationLoss> Losses)
{
    /// <summary>Whether API keys that stand in clear may be kept as hashes alone from then on.</summary>
    public bool RetiresClearKeys { get; init; }

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => Apply.Count == 0 && Revert.Count == 0;
}

/// <summary>Rows or values that an undone migration drops.</summary>
/// <param name="Table">The table.</param>
/// <param name="Column">The column that is dropped; null where all of the table is.</param>
/// <param name="Rows">Rows of the table, or rows that have a value in the column other than its default.</param>
public sealed record MigrationLoss(string Table, string? Column, long Rows);
