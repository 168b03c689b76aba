namespace Nexus.Data.Seeding.Populations;

/// <summary>What came of populating a database.</summary>
/// <param name="At">The population's own time: all its rows are of then or before.</param>
/// <param name="Tables">What happened in each table, in the order in which they were filled.</param>
public sealed record PopulationReport(DateTimeOffset At, IReadOnlyList<PopulatedTable> Tables)
{
    /// <summary>How many rows were added.</summary>
    public long Added => Tables.Sum(table => table.Added);

    /// <summary>How many rows were there and had to be put right.</summary>
    public long Changed => Tables.Sum(table => table.Changed);
}

/// <summary>What came of a population in one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">How many of its rows are the population's.</param>
/// <param name="Added">How many of them were added.</param>
/// <param name="Changed">How many were there and had to be put right.</param>
public sealed record PopulatedTable(string Table, long Rows, long Added, long Changed);
