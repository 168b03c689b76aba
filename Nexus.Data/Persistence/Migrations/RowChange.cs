namespace Nexus.Data.Persistence.Migrations;

/// <summary>Rows that a migration changes.</summary>
/// <param name="Table">Their table.</param>
/// <param name="What">What it does to them, as the end of a sentence that begins with the migration.</param>
/// <param name="Condition">A condition in SQL, on the catalog alone, that holds where it does; null for always.</param>
internal sealed record RowChange(string Table, string What, string? Condition);

/// <summary>A text column of ours that a migration makes longer where another maker's is shorter.</summary>
/// <param name="Table">The table.</param>
/// <param name="Column">The column.</param>
/// <param name="Length">Its length in characters afterwards.</param>
internal sealed record WidenedColumn(string Table, string Column, int Length);
