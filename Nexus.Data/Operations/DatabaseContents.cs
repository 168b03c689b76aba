namespace Nexus.Data.Operations;

/// <summary>A table that goes when a database is emptied.</summary>
/// <param name="Name">Its name with its schema, as SQL writes it.</param>
/// <param name="Rows">How many rows it has; those of a partitioned table are all of its partitions'.</param>
/// <param name="IsOurs">Whether it is a table of Nexus.Data; false for one of another program.</param>
public sealed record TableContents(string Name, long Rows, bool IsOurs);

/// <summary>What goes when a database is emptied.</summary>
/// <param name="Database">The database's name.</param>
/// <param name="Tables">The tables, by their names.</param>
/// <param name="Things">Everything that is dropped by name, tables among it, such as <c>table public.messages</c> or
/// <c>schema archive</c>; what depends on these goes along and is not listed.</param>
public sealed record DatabaseContents(
    string Database, IReadOnlyList<TableContents> Tables, IReadOnlyList<string> Things)
{
    /// <summary>Whether there is nothing to drop.</summary>
    public bool IsEmpty => Things.Count == 0;

    /// <summary>The rows of all tables.</summary>
    public long Rows => Tables.Sum(table => table.Rows);
}
