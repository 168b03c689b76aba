namespace Nexus.Data.Tests.Documentation.Diagrams;

/// <summary>What a diagram shows, and where: columns of boxes, side by side.</summary>
/// <param name="File">The picture's name in docs/images.</param>
/// <param name="Title">What the picture is called.</param>
/// <param name="Columns">Boxes from top to bottom, columns from left to right. Only boxes of the same column and of columns side by
/// side are joined by lines: these run between the columns, and so through no box.</param>
/// <param name="References">What the library keeps and the database does not, from table.column to table.column.</param>
internal sealed record Diagram(string File, string Title, DiagramBox[][] Columns, Reference[] References)
{
    public IEnumerable<DiagramBox> Boxes => Columns.SelectMany(column => column);
}

/// <summary>A table in a diagram.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Area">Which colour its head has.</param>
internal sealed record DiagramBox(string Table, Area Area)
{
    /// <summary>In how many columns its own columns stand.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>The columns that are shown where the table is another diagram's; else all are.</summary>
    public string[] Shown { get; init; } = [];

    /// <summary>What stands in its head beside the name.</summary>
    public string? Note { get; init; }
}

/// <summary>What a table is about.</summary>
internal enum Area
{
    Requests,
    Totals,
    Trains,
    Chats,
}
