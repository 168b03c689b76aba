namespace Nexus.Data.Operations.Backups;

/// <summary>What a backup that is not of everything takes of a table.</summary>
/// <param name="Table">The table, as the search path finds it.</param>
/// <param name="Source">What stands behind FROM, with its rows as <c>t</c>.</param>
internal sealed record SelectedRows(string Table, string Source)
{
    /// <summary>What is taken in place of columns.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether columns that nobody knows stay behind, since they may hold secrets.</summary>
    public bool OnlyKnownColumns { get; init; }

    /// <summary>Sends the rows as text.</summary>
    /// <param name="columns">The columns, in their order.</param>
    public string Copy(IEnumerable<string> columns)
        => $"COPY (SELECT {string.Join(", ", columns.Select(column => Values.GetValueOrDefault(column) ?? $"t.\"{column.Replace("\"", "\"\"", StringComparison.Ordinal)}\""))} FROM {Source}) TO STDOUT";
}
