namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Strings of JSON as UTF-8. A surrogate that stands alone has no UTF-8; where it must survive it is written as the
/// three bytes that its code point would have (ED A0 80 to ED BF BF), which no real text contains.
/// </summary>
internal static class JsonText
{
    /// <summary>
    /// Writes a string without its escapes; <paramref name="destination"/> of the same length is enough.
    /// </summary>
    /// <param name="source">The string between its quotes, checked by a JSON reader before.</param>
    /// <param name="destination">Where the text goes.</param>
    /// <param name="wellFormed">U+0000 and lone surrogates become U+FFFD, as where PostgreSQL keeps them.</param>
    /// <param name="lone">Whether a surrogate stands alone.</param>
    /// <returns>The bytes written.</returns>
    public static int Unescape(
        ReadOnlySpan<byte> source, Span<byte> destination, bool wellFormed, out bool lone)
    {
        lone = false;
        var written = 0;
        while (true)
        {
            var escape = source.IndexOf((byte)'\\');
            if (escape < 0)
            {
                source.CopyTo(destination[written..]);
                return written + source.Length;
            }

            source[..escape].CopyTo(destination[written..]);
            written += escape;
            var letter = source[escape + 1];
            if (letter != (byte)'u')
            {
                destination[written++] = Simple(letter);
                source = source[(escape + 2)..];
                continue;
            }

            var code = CodePoint(source[escape..], out var read);
            source = source[(escape + read)..];
            var alone = code is >= 0xD800 and <= 0xDFFF;
            lone |= alone;
            if (wellFormed && (alone || code == 0))
            {
                code = 0xFFFD;
            }

            written += Encode(code, destination[written..]);
        }
    }

    /// <summary>The character that one escape stands for, or two where they are a pair of surrogates.</summary>
    public static int CodePoint(ReadOnlySpan<byte> escape, out int read)
    {
        read = 6;
        var code = Unit(escape);
        if (code is >= 0xD800 and <= 0xDBFF && escape.Length >= 12 && escape[6] == '\\' && escape[7] == 'u')
        {
            var low = Unit(escape[6..]);
            if (low is >= 0xDC00 and <= 0xDFFF)
            {
                read = 12;
                return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            }
        }

        return code;
    }

    /// <summary>Writes a code point, a lone surrogate too, as one to four bytes.</summary>
    public static int Encode(int code, Span<byte> destination)
    {
        if (code < 0x80)
        {
            destination[0] = (byte)code;
            return 1;
        }

        if (code < 0x800)
        {
            destination[1] = (byte)(0x80 | (code & 0x3F));
            destination[0] = (byte)(0xC0 | (code >> 6));
            return 2;
        }

        if (code < 0x10000)
        {
            destination[2] = (byte)(0x80 | (code & 0x3F));
            destination[1] = (byte)(0x80 | ((code >> 6) & 0x3F));
            destination[0] = (byte)(0xE0 | (code >> 12));
            return 3;
        }

        destination[3] = (byte)(0x80 | (code & 0x3F));
        destination[2] = (byte)(0x80 | ((code >> 6) & 0x3F));
        destination[1] = (byte)(0x80 | ((code >> 12) & 0x3F));
        destination[0] = (byte)(0xF0 | (code >> 18));
        return 4;
    }

    /// <summary>
    /// Makes UTF-8 of text with lone surrogates, in place: two that meet (something between them was removed) are the
    /// character they spell, as they are to JavaScript; the others become U+FFFD.
    /// </summary>
    /// <returns>The new length.</returns>
    public static int Join(Span<byte> text)
    {
        var written = 0;
        for (var read = 0; read < text.Length;)
        {
            if (text[read] != 0xED || text[read + 1] < 0xA0)
            {
                text[written++] = text[read++];
                continue;
            }

            var unit = Surrogate(text[read..]);
            read += 3;
            if (unit < 0xDC00 && text.Length - read >= 3 && text[read] == 0xED && text[read + 1] >= 0xB0)
            {
                var code = 0x10000 + ((unit - 0xD800) << 10) + (Surrogate(text[read..]) - 0xDC00);
                read += 3;
                written += Encode(code, text[written..]);
            }
            else
            {
                written += Encode(0xFFFD, text[written..]);
            }
        }

        return written;
    }

    private static int Surrogate(ReadOnlySpan<byte> bytes) =>
        0xD000 | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F);

    private static byte Simple(byte letter) => letter switch
    {
        (byte)'n' => (byte)'\n',
        (byte)'t' => (byte)'\t',
        (byte)'r' => (byte)'\r',
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        _ => letter,
    };

    private static int Unit(ReadOnlySpan<byte> escape) =>
        (Digit(escape[2]) << 12) | (Digit(escape[3]) << 8) | (Digit(escape[4]) << 4) | Digit(escape[5]);

    private static int Digit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
