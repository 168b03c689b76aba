using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary>The head of a column.</summary>
/// <param name="Name">What it says.</param>
/// <param name="IsNumber">Whether what is below it ends at the right.</param>
internal readonly record struct Column(string Name, bool IsNumber = false)
{
    public static implicit operator Column(string name) => new(name);
}

/// <summary>A text in a table, of which a terminal obeys nothing.</summary>
/// <param name="Text">The text; null for none.</param>
/// <param name="Colour">Its colour by Spectre's name; null for the usual one.</param>
internal readonly record struct Cell(string? Text, string? Colour = null)
{
    public static implicit operator Cell(string? text) => new(text);

    public string Markup()
    {
        var text = TerminalText.Line(Text).EscapeMarkup();
        return Colour is null ? text : $"[{Colour}]{text}[/]";
    }
}

/// <summary>Tables: with borders for people at a terminal, else plain.</summary>
internal static class TextTable
{
    public static void Write(ToolHost host, IEnumerable<Column> columns, IEnumerable<Cell[]> rows)
    {
        var table = new Table().Border(host.IsTerminal ? TableBorder.Rounded : TableBorder.None);
        foreach (var (name, isNumber) in columns)
        {
            var column = new TableColumn(name);
            table.AddColumn(isNumber ? column.RightAligned() : column);
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(cell => cell.Markup())]);
        }

        host.CreateConsole().Write(table);
    }
}
