namespace Nexus.Data.Chats.Importing;

/// <summary>The tables of one of the programs before us.</summary>
/// <param name="Kind">Whose they are.</param>
/// <param name="Name">What its people call it.</param>
/// <param name="Tables">Its tables.</param>
/// <param name="Stage">Which rows go into which of our stages.</param>
internal sealed record SourceLayout(
    ChatSourceKind Kind, string Name, IReadOnlyList<SourceTable> Tables, Func<SourceCatalog, IReadOnlyList<StagedRows>> Stage)
{
    private const string OwnColumn = "kind";

    public static IReadOnlyList<SourceLayout> All { get; } = [OpchatLayout.Value, RelayLayout.Value];

    /// <summary>A column with a time for a statement: NULL where we could not read it, or what is posted behind it.</summary>
    public static string Time(string column)
        => $"""
            CASE WHEN {column}::timestamptz >= '0001-01-01 00:00:00+00' AND {column}::timestamptz < '9999-12-31 00:00:00+00'
                 THEN {column}::timestamptz END
            """;

    private string Described => $"{Name} ({string.Join(", ", Tables.Select(table => table.Name))})";

    /// <summary>Whose tables a schema has.</summary>
    /// <param name="catalog">The schema.</param>
    /// <param name="kind">Whose they are said to be; null where nobody said so.</param>
    /// <param name="place">The source, for people to read.</param>
    /// <exception cref="NexusDataException">They are nobody's, of both, or lack a column.</exception>
    public static SourceLayout Recognise(SourceCatalog catalog, ChatSourceKind? kind, string place)
    {
        var sought = All.Where(layout => kind is null || layout.Kind == kind).ToList();
        var found = sought.Where(layout => layout.IsIn(catalog)).ToList();
        var names = string.Join(" and of ", sought.Select(layout => layout.Described));
        return found switch
        {
            [] when IsOurs(catalog) => throw new NexusDataException(
                NexusDataErrorKind.NotFound,
                $"There are no chats to import in schema '{catalog.Schema}' of {place}, which has our own tables: looked for those of "
                + $"{names}."),
            [] => throw new NexusDataException(
                NexusDataErrorKind.NotFound,
                $"There are no chats to import in schema '{catalog.Schema}' of {place}: looked for the tables of {names}."),
            [var layout] => layout.Checked(catalog, place),
            _ => throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                $"Schema '{catalog.Schema}' of {place} has the tables of {names}: say which of them are to be imported."),
        };
    }

    /// <summary>Columns that nothing is known of, as <c>table.column</c>, with the table of ours that they would belong to.</summary>
    public IEnumerable<(string Table, string Column)> UnknownIn(SourceCatalog catalog)
        => from table in Tables
           from column in catalog.ColumnsOf(table.Name)
           where !table.Knows(column)
           select (table.Target, $"{table.Name}.{column}");

    // Two of our tables have names of its tables, and columns that these have not.
    private static bool IsOurs(SourceCatalog catalog) => catalog.Has("chats", OwnColumn);

    private bool IsIn(SourceCatalog catalog)
        => Tables.All(table => catalog.Has(table.Name)) && (Kind != ChatSourceKind.Relay || !IsOurs(catalog));

    private SourceLayout Checked(SourceCatalog catalog, string place)
    {
        var missing = Tables.SelectMany(table => table.Columns.Where(column => !catalog.Has(table.Name, column))
            .Select(column => $"{table.Name}.{column}")).ToList();
        return missing.Count == 0
            ? this
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"The tables of {Name} in schema '{catalog.Schema}' of {place} lack {string.Join(", ", missing)}.");
    }
}

/// <summary>A table of the source.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Target">The table of ours that its rows, or what hangs on them, go into.</param>
/// <param name="Columns">The columns that it has to have.</param>
internal sealed record SourceTable(string Name, string Target, string[] Columns)
{
    /// <summary>Columns that it may lack, and those that say nothing that is not said elsewhere.</summary>
    public string[] Others { get; init; } = [];

    public bool Knows(string column) => Columns.Contains(column, StringComparer.Ordinal) || Others.Contains(column, StringComparer.Ordinal);
}

/// <summary>Rows of the source for one of our tables.</summary>
/// <param name="Table">Our table.</param>
/// <param name="Count">Counts them.</param>
/// <param name="Select">Reads them, with the columns of the stage.</param>
internal sealed record StagedRows(string Table, string Count, string Select);
