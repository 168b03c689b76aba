using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// The tokens of JSON, found and checked. Takes what <see cref="Utf8JsonReader"/> takes, in blocks also where a string
/// has escapes. The bytes are well formed and end in <see cref="Padding"/> zeros, which no token can pass.
/// </summary>
internal static class JsonScanner
{
    /// <summary>Zeros behind the text.</summary>
    public const int Padding = 32;

    /// <summary>The position of the next byte that is no white space.</summary>
    public static int SkipSpace(byte[] bytes, int position)
    {
        while (bytes[position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            position++;
        }

        return position;
    }

    /// <summary>The position of the quote that ends the string whose first quote is at the position.</summary>
    /// <exception cref="JsonException">There is no string, or a broken one.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int FindEnd(byte[] bytes, int position, out bool isEscaped)
    {
        isEscaped = false;
        if (bytes[position] != (byte)'"')
        {
            throw Broken(position);
        }

        position++;
        var (quote, backslash, space) = (
            Vector256.Create((byte)'"'), Vector256.Create((byte)'\\'), Vector256.Create((byte)' '));
        while (true)
        {
            var block = Vector256.Create(bytes.AsSpan(position));
            var found = (Vector256.Equals(block, quote) | Vector256.Equals(block, backslash)
                | Vector256.LessThan(block, space)).ExtractMostSignificantBits();
            position += BitOperations.TrailingZeroCount(found);
            if (found == 0)
            {
                continue;
            }

            if (bytes[position] == (byte)'"')
            {
                return position;
            }

            isEscaped = true;
            position = bytes[position] == (byte)'\\' ? SkipEscape(bytes, position) : throw Broken(position);
        }
    }

    /// <summary>The position after the number or the word that begins at the position.</summary>
    /// <exception cref="JsonException">There is none, or a broken one.</exception>
    public static int SkipScalar(byte[] bytes, int position) => bytes[position] switch
    {
        (byte)'t' => SkipWord(bytes, position, "true"u8),
        (byte)'f' => SkipWord(bytes, position, "false"u8),
        (byte)'n' => SkipWord(bytes, position, "null"u8),
        _ => SkipNumber(bytes, position),
    };

    /// <summary>What is thrown where the text is no JSON.</summary>
    public static JsonException Broken(int position) =>
        new(string.Create(CultureInfo.InvariantCulture, $"This is no JSON from byte {position} on."));

    private static int SkipEscape(byte[] bytes, int position)
    {
        switch (bytes[position + 1])
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                return position + 2;
            case (byte)'u' when char.IsAsciiHexDigit((char)bytes[position + 2])
                && char.IsAsciiHexDigit((char)bytes[position + 3])
                && char.IsAsciiHexDigit((char)bytes[position + 4])
                && char.IsAsciiHexDigit((char)bytes[position + 5]):
                return position + 6;
            default:
                throw Broken(position);
        }
    }

    private static int SkipWord(byte[] bytes, int position, ReadOnlySpan<byte> word) =>
        bytes.AsSpan(position).StartsWith(word) ? position + word.Length : throw Broken(position);

    private static int SkipNumber(byte[] bytes, int position)
    {
        if (bytes[position] == (byte)'-')
        {
            position++;
        }

        position = bytes[position] == (byte)'0' ? position + 1 : SkipDigits(bytes, position);
        if (bytes[position] == (byte)'.')
        {
            position = SkipDigits(bytes, position + 1);
        }

        if (bytes[position] is (byte)'e' or (byte)'E')
        {
            position++;
            position = SkipDigits(bytes, bytes[position] is (byte)'+' or (byte)'-' ? position + 1 : position);
        }

        return position;
    }

    private static int SkipDigits(byte[] bytes, int position)
    {
        var end = position;
        while (char.IsAsciiDigit((char)bytes[end]))
        {
            end++;
        }

        return end > position ? end : throw Broken(position);
    }
}
