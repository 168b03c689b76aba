namespace Nexus.Data.Tool;

/// <summary>Texts of a database, made fit for a terminal, which would obey the control characters in them.</summary>
internal static class TerminalText
{
    /// <summary>On one line.</summary>
    public static string Line(string? text)
        => string.Concat((text ?? "").Select(character => char.IsControl(character) ? ' ' : character));

    /// <summary>On one line of so many characters at most.</summary>
    public static string Line(string? text, int maxLength)
    {
        var line = Line(text);
        return line.Length <= maxLength ? line : $"{line[..(maxLength - 1)]}…";
    }

    /// <summary>With its lines and tabs.</summary>
    /// <param name="text">The text.</param>
    /// <param name="indent">How far all lines but the first are moved to the right: none can pass for one of ours.</param>
    public static string Block(string text, int indent = 0)
        => string.Concat(text.ReplaceLineEndings("\n").Select(character => char.IsControl(character) && character is not ('\n' or '\t')
                ? ' '
                : character))
            .Replace("\n", Environment.NewLine + new string(' ', indent), StringComparison.Ordinal);
}
