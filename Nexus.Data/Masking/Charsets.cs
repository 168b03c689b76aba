using System.Buffers;

namespace Nexus.Data.Masking;

/// <summary>The bytes that tokens are made of, and where a token may begin.</summary>
internal static class Charsets
{
    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static readonly SearchValues<byte> Alphanumeric = Of(LettersAndDigits);
    public static readonly SearchValues<byte> Word = Of(LettersAndDigits + "_");
    public static readonly SearchValues<byte> Token = Of(LettersAndDigits + "_-");
    public static readonly SearchValues<byte> Dashed = Of(LettersAndDigits + "-");
    public static readonly SearchValues<byte> Base64 = Of(LettersAndDigits + "+/=");
    public static readonly SearchValues<byte> Token68 = Of(LettersAndDigits + "-._~+/=");
    public static readonly SearchValues<byte> Path = Of(LettersAndDigits + "/_-");
    public static readonly SearchValues<byte> UpperAndDigits = Of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    public static readonly SearchValues<byte> Digits = Of("0123456789");

    private static readonly SearchValues<byte> _hexDigits = Of("0123456789abcdefABCDEF");

    /// <summary>How many bytes from <paramref name="start"/> on belong to the set.</summary>
    public static int Run(ReadOnlySpan<byte> text, int start, SearchValues<byte> set)
    {
        var length = text[start..].IndexOfAnyExcept(set);
        return length < 0 ? text.Length - start : length;
    }

    public static bool IsAlphanumeric(byte value) => Alphanumeric.Contains(value);

    public static bool IsDigit(byte value) => value is >= (byte)'0' and <= (byte)'9';

    public static bool IsWhiteSpace(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    /// <summary>Whether a token may begin here.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The token's first byte.</param>
    /// <param name="afterDash">Whether <c>-</c> and <c>_</c> may stand before it.</param>
    public static bool IsLeftEdge(ReadOnlySpan<byte> text, int start, bool afterDash)
    {
        if (start == 0)
        {
            return true;
        }

        var before = text[start - 1];
        return before is (byte)'-' or (byte)'_' ? afterDash
            : !IsAlphanumeric(before) || EndsColour(text, start - 1) || EndsPercentEscape(text, start - 1);
    }

    public static bool IsRightEdge(ReadOnlySpan<byte> text, int end, SearchValues<byte> set)
        => end == text.Length || !set.Contains(text[end]);

    /// <summary>
    /// How much of a token that was found is an escape written out: the n of <c>\n</c> belongs to the line before.
    /// </summary>
    public static int EscapeLength(ReadOnlySpan<byte> text, int start)
        => start == 0 || text[start - 1] != '\\' || start == text.Length ? 0
            : text[start] is (byte)'n' or (byte)'r' or (byte)'t' or (byte)'b' or (byte)'f' ? 1
            : text[start] == 'u' && start + 5 <= text.Length
                && text.Slice(start + 1, 4).IndexOfAnyExcept(_hexDigits) < 0 ? 5
            : 0;

    // A terminal's colour, ESC [ 32 m, ends in a letter.
    private static bool EndsColour(ReadOnlySpan<byte> text, int last)
    {
        if (text[last] != 'm')
        {
            return false;
        }

        var i = last - 1;
        for (; i >= 0 && last - i < 16 && (IsDigit(text[i]) || text[i] == ';'); i--)
        {
        }

        return i >= 1 && text[i] == '[' && text[i - 1] == 0x1b;
    }

    // %3D is an equals sign in an address.
    private static bool EndsPercentEscape(ReadOnlySpan<byte> text, int last)
        => last >= 2 && text[last - 2] == '%' && char.IsAsciiHexDigit((char)text[last - 1])
            && char.IsAsciiHexDigit((char)text[last]);

    private static SearchValues<byte> Of(string characters)
        => SearchValues.Create([.. characters.Select(character => (byte)character)]);
}
