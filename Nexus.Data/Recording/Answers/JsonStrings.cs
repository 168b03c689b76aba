using System.Globalization;
using System.Text;

namespace Nexus.Data.Recording.Answers;

/// <summary>
/// Strings of JSON, to and fro, with surrogates that stand alone: a stream may part a pair between two events.
/// </summary>
internal static class JsonStrings
{
    /// <summary>The text of a string.</summary>
    /// <param name="raw">The string between its quotes, with its escapes, checked before.</param>
    public static string Read(ReadOnlySpan<byte> raw)
    {
        var escape = raw.IndexOf((byte)'\\');
        if (escape < 0)
        {
            return Encoding.UTF8.GetString(raw);
        }

        var text = new char[raw.Length];
        var length = 0;
        while (escape >= 0)
        {
            length += Encoding.UTF8.GetChars(raw[..escape], text.AsSpan(length));
            text[length++] = Character(raw[escape..], out var read);
            raw = raw[(escape + read)..];
            escape = raw.IndexOf((byte)'\\');
        }

        length += Encoding.UTF8.GetChars(raw, text.AsSpan(length));
        return new string(text, 0, length);
    }

    /// <summary>A text as a string with its quotes; surrogates that stand alone are escaped.</summary>
    public static byte[] Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        Append(text, isSpecial: static character => character is '"' or '\\' or < ' ', quoted);
        return Encoding.UTF8.GetBytes(quoted.Append('"').ToString());
    }

    /// <summary>A JSON text as UTF-8: surrogates that stand alone, which only its strings can have, are escaped.</summary>
    public static byte[] ToUtf8(string json)
    {
        var text = new StringBuilder(json.Length);
        Append(json, isSpecial: static _ => false, text);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(string text, Predicate<char> isSpecial, StringBuilder output)
    {
        var copied = 0;
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            if (char.IsHighSurrogate(character) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                index++;
            }
            else if (char.IsSurrogate(character) || isSpecial(character))
            {
                output.Append(text, copied, index - copied);
                AppendEscape(character, output);
                copied = index + 1;
            }
        }

        output.Append(text, copied, text.Length - copied);
    }

    private static void AppendEscape(char character, StringBuilder output)
    {
        var letter = character switch
        {
            '"' or '\\' => character,
            '\b' => 'b',
            '\f' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => 'u',
        };
        output.Append('\\').Append(letter);
        if (letter == 'u')
        {
            output.Append(CultureInfo.InvariantCulture, $"{(int)character:x4}");
        }
    }

    private static char Character(ReadOnlySpan<byte> escape, out int read)
    {
        read = 2;
        switch (escape[1])
        {
            case (byte)'b':
                return '\b';
            case (byte)'f':
                return '\f';
            case (byte)'n':
                return '\n';
            case (byte)'r':
                return '\r';
            case (byte)'t':
                return '\t';
            case (byte)'u':
                read = 6;
                return (char)ushort.Parse(escape[2..6], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            default:
                return (char)escape[1];
        }
    }
}
