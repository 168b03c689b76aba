using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// What changes in a system prompt from turn to turn. Each method writes the text without one such part and says
/// whether there was any; where it says no, what it wrote is of no use. All take one pass, whatever the text.
/// </summary>
internal static class SystemText
{
    /// <summary>Everything between the tags of transient context, and the tags.</summary>
    public static bool RemoveTransientContext(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        var opening = "<transient_context>"u8;
        var closing = "</transient_context>"u8;
        var found = false;
        while (text.IndexOf(opening) is >= 0 and var start)
        {
            var inside = start + opening.Length;
            var length = text[inside..].IndexOf(closing);
            if (length < 0)
            {
                break;
            }

            output.Append(text[..start]);
            text = text[(inside + length + closing.Length)..];
            found = true;
        }

        output.Append(text);
        return found;
    }

    /// <summary>From <c>gitStatus:</c> to the next blank line or the end; two LF take its place.</summary>
    public static bool RemoveGitStatus(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        var found = false;
        while (text.IndexOf("gitStatus:"u8) is >= 0 and var start)
        {
            output.Append(text[..start]);
            output.Append("\n\n"u8);
            var blank = text[start..].IndexOf("\n\n"u8);
            text = blank < 0 ? default : text[(start + blank + 2)..];
            found = true;
        }

        output.Append(text);
        return found;
    }

    /// <summary>A line <c>Status:</c> and the lines after it up to a blank one or the end; one LF takes their place.
    /// A last line without an LF keeps it all.</summary>
    public static bool RemoveStatus(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        var keyword = "Status:"u8;
        var (read, dead) = (0, 0..0);
        for (var from = 0; FindLine(text, keyword, from, read, out var start) is >= 0 and var line; from = line + 1)
        {
            var end = StatusEnd(text, line + keyword.Length, ref dead);
            if (end < 0)
            {
                continue;
            }

            output.Append(text[read..start]);
            output.Append((byte)'\n');
            read = end;
            line = Math.Max(line, end - 1);
        }

        output.Append(text[read..]);
        return read > 0;
    }

    /// <summary>A line <c>Current branch:</c>, and the LF before it.</summary>
    public static bool RemoveCurrentBranch(ReadOnlySpan<byte> text, PooledBuffer output) =>
        RemoveLines(text, "Current branch:"u8, ""u8, output);

    /// <summary>A line <c>Main branch</c> with a colon, and the LF before it.</summary>
    public static bool RemoveMainBranch(ReadOnlySpan<byte> text, PooledBuffer output) =>
        RemoveLines(text, "Main branch"u8, ":"u8, output);

    /// <summary>A line <c>Recent commits:</c> and the lines after it that are not empty and end with an LF; one LF
    /// takes their place.</summary>
    public static bool RemoveRecentCommits(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        var keyword = "Recent commits:"u8;
        var read = 0;
        for (var from = 0; FindLine(text, keyword, from, read, out var start) is >= 0 and var line; from = line + 1)
        {
            var end = LineEnd(text, line + keyword.Length);
            if (end < 0)
            {
                continue;
            }

            while (JavaScriptText.LeadingLineTerminator(text[end..]) == 0 && LineEnd(text, end) is >= 0 and var next)
            {
                end = next;
            }

            output.Append(text[read..start]);
            output.Append((byte)'\n');
            read = end;
            line = Math.Max(line, end - 1);
        }

        output.Append(text[read..]);
        return read > 0;
    }

    /// <summary>All but two of three or more LF in a row.</summary>
    public static bool CollapseBlankLines(ReadOnlySpan<byte> text, PooledBuffer output)
    {
        var found = false;
        while (text.IndexOf("\n\n\n"u8) is >= 0 and var start)
        {
            output.Append(text[..(start + 2)]);
            var rest = text[(start + 2)..];
            var other = rest.IndexOfAnyExcept((byte)'\n');
            text = other < 0 ? default : rest[other..];
            found = true;
        }

        output.Append(text);
        return found;
    }

    /// <summary>Lines with the header that bills a request, which differs in each.</summary>
    public static bool RemoveBillingLines(ReadOnlySpan<byte> text, PooledBuffer output) =>
        RemoveWhere(text, output, static line => BeginsWith(SkipIndent(line), "x-anthropic-billing-header:"u8));

    /// <summary>Lines that say which day it is, bulleted or not.</summary>
    public static bool RemoveDateLines(ReadOnlySpan<byte> text, PooledBuffer output) =>
        RemoveWhere(text, output, static line =>
        {
            line = SkipIndent(line);
            while (line is [(byte)'-' or (byte)'*', (byte)' ' or (byte)'\t', ..])
            {
                line = SkipIndent(line[1..]);
            }

            // The apostrophe may be a typographer's.
            return BeginsWith(line, "Today"u8)
                && (BeginsWith(line[5..], "'s date"u8)
                    || (line[5..].StartsWith("\u2019"u8) && BeginsWith(line[8..], "s date"u8)));
        });

    private delegate bool LineFilter(ReadOnlySpan<byte> line);

    private static bool RemoveWhere(ReadOnlySpan<byte> text, PooledBuffer output, LineFilter remove)
    {
        var found = false;
        while (!text.IsEmpty)
        {
            var length = text.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : text.Length;
            if (remove(text[..length]))
            {
                found = true;
            }
            else
            {
                output.Append(text[..length]);
            }

            text = text[length..];
        }

        return found;
    }

    private static bool RemoveLines(
        ReadOnlySpan<byte> text, ReadOnlySpan<byte> keyword, ReadOnlySpan<byte> needed, PooledBuffer output)
    {
        var read = 0;
        var found = false;
        for (var from = 0; FindLine(text, keyword, from, read, out var start) is >= 0 and var line; from = line + 1)
        {
            var rest = text[(line + keyword.Length)..];
            var length = JavaScriptText.LineLength(rest);
            if (rest[..length].IndexOf(needed) < 0)
            {
                continue;
            }

            output.Append(text[read..start]);
            read = line + keyword.Length + length;
            found = true;
        }

        output.Append(text[read..]);
        return found;
    }

    /// <summary>
    /// Finds a keyword at the start of a line. What goes with it begins at <paramref name="start"/>: at the LF before
    /// it, unless that went already, with what ends at <paramref name="read"/>.
    /// </summary>
    private static int FindLine(
        ReadOnlySpan<byte> text, ReadOnlySpan<byte> keyword, int from, int read, out int start)
    {
        while (from < text.Length && text[from..].IndexOf(keyword) is >= 0 and var offset)
        {
            var line = from + offset;
            if (line > read && text[line - 1] == (byte)'\n')
            {
                start = line - 1;
                return line;
            }

            if (line == 0 || JavaScriptText.EndsWithLineTerminator(text[..line]))
            {
                start = line;
                return line;
            }

            from = line + 1;
        }

        start = -1;
        return -1;
    }

    /// <summary>
    /// The end of a status that follows at <paramref name="position"/>: white space with an LF in it, then as few lines
    /// as lead to a line terminator or the end. -1 where there is none, as the expression's backtracking would have it.
    /// </summary>
    private static int StatusEnd(ReadOnlySpan<byte> text, int position, ref Range dead)
    {
        var space = position;
        while (JavaScriptText.LeadingWhiteSpace(text[space..]) is > 0 and var length)
        {
            space += length;
        }

        while (text[position..space].LastIndexOf((byte)'\n') is >= 0 and var offset)
        {
            space = position + offset;
            if (LinesEnd(text, space + 1, ref dead) is >= 0 and var end)
            {
                return end;
            }
        }

        return -1;
    }

    // Lines that lead to no end lead there from each of them: they are walked once.
    private static int LinesEnd(ReadOnlySpan<byte> text, int first, ref Range dead)
    {
        var line = first;
        while (line < dead.Start.Value || line >= dead.End.Value)
        {
            if (line == text.Length || JavaScriptText.LeadingLineTerminator(text[line..]) > 0)
            {
                return line;
            }

            var next = LineEnd(text, line);
            if (next < 0)
            {
                dead = first..(line + 1);
                return -1;
            }

            line = next;
        }

        dead = Math.Min(first, dead.Start.Value)..dead.End;
        return -1;
    }

    /// <summary>The position after the LF that ends the line; -1 where something else ends it.</summary>
    private static int LineEnd(ReadOnlySpan<byte> text, int position)
    {
        var end = position + JavaScriptText.LineLength(text[position..]);
        return end < text.Length && text[end] == (byte)'\n' ? end + 1 : -1;
    }

    private static ReadOnlySpan<byte> SkipIndent(ReadOnlySpan<byte> line) => line.TrimStart(" \t"u8);

    private static bool BeginsWith(ReadOnlySpan<byte> line, ReadOnlySpan<byte> start) =>
        line.Length >= start.Length && Ascii.EqualsIgnoreCase(line[..start.Length], start);
}
