using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Text as JavaScript treats it, on UTF-8: what it trims, and what the original's expressions match.
/// </summary>
internal static class JavaScriptText
{
    private static ReadOnlySpan<byte> ReminderOpening => "<system-reminder>"u8;

    private static ReadOnlySpan<byte> ReminderClosing => "</system-reminder>"u8;

    /// <summary>
    /// Without the white space at both ends: JavaScript's, which has U+FEFF and has not U+0085, U+180E and U+200B.
    /// </summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (LeadingWhiteSpace(text) is > 0 and var length)
        {
            text = text[length..];
        }

        while (TrailingWhiteSpace(text) is > 0 and var length)
        {
            text = text[..^length];
        }

        return text;
    }

    /// <summary>
    /// The bytes of the white space character that the text begins with; 0 where it begins otherwise.
    /// </summary>
    public static int LeadingWhiteSpace(ReadOnlySpan<byte> text) => text switch
    {
        [] => 0,
        [(>= 0x09 and <= 0x0D) or 0x20, ..] => 1,
        [< 0xC2, ..] => 0,
        [0xC2, 0xA0, ..] => 2,
        _ => IsLongWhiteSpace(text[..Math.Min(3, text.Length)]) ? 3 : 0,
    };

    /// <summary>The bytes of the white space character that the text ends with; 0 where it ends otherwise.</summary>
    public static int TrailingWhiteSpace(ReadOnlySpan<byte> text) => text switch
    {
        [] => 0,
        [.., (>= 0x09 and <= 0x0D) or 0x20] => 1,
        [.., < 0x80] => 0,
        [.., 0xC2, 0xA0] => 2,
        _ => IsLongWhiteSpace(text[Math.Max(0, text.Length - 3)..]) ? 3 : 0,
    };

    /// <summary>
    /// The bytes of the line terminator (LF, CR, U+2028, U+2029) that the text begins with; 0 for none.
    /// </summary>
    public static int LeadingLineTerminator(ReadOnlySpan<byte> text) => text switch
    {
        [(byte)'\n' or (byte)'\r', ..] => 1,
        [0xE2, 0x80, 0xA8 or 0xA9, ..] => 3,
        _ => 0,
    };

    /// <summary>Whether the text ends with a line terminator, which makes what follows the start of a line.</summary>
    public static bool EndsWithLineTerminator(ReadOnlySpan<byte> text) =>
        text is [.., (byte)'\n' or (byte)'\r'] or [.., 0xE2, 0x80, 0xA8 or 0xA9];

    /// <summary>The length of the text's first line, its terminator not counted.</summary>
    public static int LineLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (true)
        {
            var next = text[length..].IndexOfAny((byte)'\n', (byte)'\r', (byte)0xE2);
            if (next < 0)
            {
                return text.Length;
            }

            length += next;
            if (LeadingLineTerminator(text[length..]) > 0)
            {
                return length;
            }

            length++;
        }
    }

    /// <summary>Makes LF of every CRLF, in place; a CR alone stays.</summary>
    /// <returns>The new length.</returns>
    public static int UnifyLineEnds(Span<byte> text)
    {
        var read = text.IndexOf("\r\n"u8);
        if (read < 0)
        {
            return text.Length;
        }

        var written = read;
        while (read < text.Length)
        {
            // At a CR that goes; what is copied begins with its LF.
            var rest = text[(read + 1)..];
            var next = rest.IndexOf("\r\n"u8);
            var kept = next < 0 ? rest.Length : next;
            rest[..kept].CopyTo(text[written..]);
            written += kept;
            read += 1 + kept;
        }

        return written;
    }

    /// <summary>Whether there is something for <see cref="StripReminders"/> to take out.</summary>
    public static bool HasReminder(ReadOnlySpan<byte> text) => FindTag(text, ReminderOpening) is >= 0 and var opening
        && FindTag(text[(opening + ReminderOpening.Length)..], ReminderClosing) >= 0;

    /// <summary>
    /// Takes out, in place, every system reminder with the white space before it, from the first opening tag to the
    /// first closing one, in whatever ASCII case. What follows it stays, and so does an opening that nothing closes.
    /// </summary>
    /// <returns>The new length.</returns>
    public static int StripReminders(Span<byte> text)
    {
        var (read, written) = (0, 0);
        while (true)
        {
            var start = FindTag(text[read..], ReminderOpening);
            var inside = start + ReminderOpening.Length;
            var length = start < 0 ? -1 : FindTag(text[(read + inside)..], ReminderClosing);
            if (length < 0)
            {
                var rest = text[read..];
                if (read != written)
                {
                    rest.CopyTo(text[written..]);
                }

                return written + rest.Length;
            }

            var before = text.Slice(read, start);
            while (TrailingWhiteSpace(before) is > 0 and var space)
            {
                before = before[..^space];
            }

            before.CopyTo(text[written..]);
            written += before.Length;
            read += inside + length + ReminderClosing.Length;
        }
    }

    // Tags begin with '<' and their letters match in either ASCII case: never U+017F for s or U+212A for k.
    private static int FindTag(ReadOnlySpan<byte> text, ReadOnlySpan<byte> tag)
    {
        var position = 0;
        while (true)
        {
            var next = text[position..].IndexOf((byte)'<');
            if (next < 0)
            {
                return -1;
            }

            position += next;
            if (text.Length - position < tag.Length)
            {
                return -1;
            }

            if (text[position + 1] == tag[1] || (text[position + 1] | 0x20) == tag[1])
            {
                if (Ascii.EqualsIgnoreCase(text.Slice(position, tag.Length), tag))
                {
                    return position;
                }
            }

            position++;
        }
    }

    private static bool IsLongWhiteSpace(ReadOnlySpan<byte> character) => character is
        [0xE2, 0x80, (>= 0x80 and <= 0x8A) or 0xA8 or 0xA9 or 0xAF]
        or [0xE1, 0x9A, 0x80]
        or [0xE2, 0x81, 0x9F]
        or [0xE3, 0x80, 0x80]
        or [0xEF, 0xBB, 0xBF];
}
