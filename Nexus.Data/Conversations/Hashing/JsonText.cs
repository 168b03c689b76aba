using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Strings of JSON as UTF-8. A surrogate that stands alone has no UTF-8; where it must survive it is written as the
/// three bytes that its code point would have (ED A0 80 to ED BF BF), which no real text contains.
/// </summary>
internal static class JsonText
{
    /// <summary>Bytes that a destination has more than its source, to be written in blocks.</summary>
    public const int Slack = 32;

    /// <summary>Bytes that an escape has at most for each byte that it stands for.</summary>
    public const int LongestEscape = 6;

    /// <summary>Writes a string without its escapes.</summary>
    /// <param name="source">The string between its quotes, checked by a JSON reader before.</param>
    /// <param name="destination">Where the text goes: as long as the source, and the slack.</param>
    /// <param name="wellFormed">U+0000 and lone surrogates become U+FFFD, as where PostgreSQL keeps them.</param>
    /// <param name="traits">What the escapes stand for.</param>
    /// <returns>The bytes written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Unescape(
        ReadOnlySpan<byte> source, Span<byte> destination, bool wellFormed, out TextTraits traits)
    {
        traits = TextTraits.None;
        var backslash = Vector256.Create((byte)'\\');
        var (read, written) = (0, 0);
        while (true)
        {
            // Copying and looking for the next escape are one: what is copied past it is written over.
            while (source.Length - read >= Vector256<byte>.Count)
            {
                var block = Vector256.Create(source[read..]);
                block.CopyTo(destination[written..]);
                var found = Vector256.Equals(block, backslash).ExtractMostSignificantBits();
                var plain = BitOperations.TrailingZeroCount(found);
                read += plain;
                written += plain;
                if (found != 0)
                {
                    break;
                }
            }

            while (read < source.Length && source[read] != (byte)'\\')
            {
                destination[written++] = source[read++];
            }

            if (read == source.Length)
            {
                return written;
            }

            var letter = source[read + 1];
            if (letter != (byte)'u')
            {
                destination[written++] = Simple(letter, ref traits);
                read += 2;
            }
            else
            {
                written += UnescapeCode(source[read..], destination[written..], wellFormed, ref traits, out var length);
                read += length;
            }
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
        var (read, written) = (0, 0);
        while (true)
        {
            var length = text[read..].IndexOf((byte)0xED);
            if (length < 0)
            {
                length = text.Length - read;
            }

            Move(text, read, written, length);
            read += length;
            written += length;
            if (read == text.Length)
            {
                return written;
            }

            if (text[read + 1] < 0xA0)
            {
                Move(text, read, written, 3);
                read += 3;
                written += 3;
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
    }

    private static void Move(Span<byte> text, int from, int to, int length)
    {
        if (from != to)
        {
            text.Slice(from, length).CopyTo(text[to..]);
        }
    }

    private static int Surrogate(ReadOnlySpan<byte> bytes) =>
        0xD000 | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F);

    private static byte Simple(byte letter, ref TextTraits traits)
    {
        switch (letter)
        {
            case (byte)'n':
                return (byte)'\n';
            case (byte)'t':
                return (byte)'\t';
            case (byte)'r':
                traits |= TextTraits.CarriageReturn;
                return (byte)'\r';
            case (byte)'b':
                return (byte)'\b';
            case (byte)'f':
                return (byte)'\f';
            case (byte)'/':
                traits |= TextTraits.Respelled;
                return letter;
            default:
                return letter;
        }
    }

    private static int UnescapeCode(
        ReadOnlySpan<byte> escape, Span<byte> destination, bool wellFormed, ref TextTraits traits, out int read)
    {
        var code = CodePoint(escape, out read);
        traits |= TextTraits.Respelled;
        switch (code)
        {
            case '\r':
                traits |= TextTraits.CarriageReturn;
                break;
            case 0:
                traits |= TextTraits.Altered;
                code = wellFormed ? 0xFFFD : code;
                break;
            case >= 0xD800 and <= 0xDFFF:
                traits |= TextTraits.Altered | TextTraits.Lone;
                code = wellFormed ? 0xFFFD : code;
                break;
        }

        return Encode(code, destination);
    }

    private static int Unit(ReadOnlySpan<byte> escape) =>
        (Digit(escape[2]) << 12) | (Digit(escape[3]) << 8) | (Digit(escape[4]) << 4) | Digit(escape[5]);

    private static int Digit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
