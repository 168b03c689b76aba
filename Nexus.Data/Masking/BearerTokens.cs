using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace Nexus.Data.Masking;

/// <summary>What follows the words Bearer and Basic, and JSON web tokens.</summary>
internal static class BearerTokens
{
    /// <summary>The token of a needle: behind its word, or at it.</summary>
    public static bool TryMatch(ReadOnlySpan<byte> text, int at, out int start, out int end)
        => IsBehindBearer(text, at, out start, out end)
            || IsBehindBasic(text, at, out start, out end)
            || IsWebToken(text, at, out start, out end);

    private static bool IsBehindBearer(ReadOnlySpan<byte> text, int at, out int start, out int end)
        => IsBehind(text, at, "bearer", out start, out end) && LooksRandom(text[start..end]);

    private static bool IsBehindBasic(ReadOnlySpan<byte> text, int at, out int start, out int end)
        => IsBehind(text, at, "basic", out start, out end) && IsNameAndPassword(text[start..end]);

    private static bool IsBehind(ReadOnlySpan<byte> text, int at, string word, out int start, out int end)
    {
        start = at + word.Length;
        end = start;
        if (text.Length <= start || !Ascii.EqualsIgnoreCase(text[at..start], word)
            || !Charsets.IsLeftEdge(text, at, afterDash: true))
        {
            return false;
        }

        var spaces = SpaceLength(text[start..]);
        start += spaces;
        end = start + Charsets.Run(text, start, Charsets.Token68);
        end = text[..end].TrimEnd((byte)'.').Length;
        return spaces > 0 && end > start;
    }

    private static int SpaceLength(ReadOnlySpan<byte> text)
    {
        var i = 0;
        while (i < text.Length && i < 8)
        {
            if (Charsets.IsWhiteSpace(text[i]) || text[i] == '+')
            {
                i++;
            }
            else if (text[i..].StartsWith("%20"u8))
            {
                i += 3;
            }
            else
            {
                break;
            }
        }

        return i;
    }

    // "the bearer of this letter", "Bearer authentication", "Bearer RFC-6750" are no tokens.
    private static bool LooksRandom(ReadOnlySpan<byte> token)
    {
        var digits = 0;
        var upper = false;
        var lower = false;
        for (var i = 0; i < token.Length; i++)
        {
            digits += Charsets.IsDigit(token[i]) ? 1 : 0;
            upper |= i > 0 && char.IsAsciiLetterUpper((char)token[i]);
            lower |= char.IsAsciiLetterLower((char)token[i]);
        }

        return token.Length >= 40
            || (token.Length >= 20 && upper && lower)
            || (token.Length >= 16 && digits >= 1)
            || (token.Length >= 10 && digits >= 2);
    }

    private static bool IsNameAndPassword(ReadOnlySpan<byte> base64)
    {
        base64 = base64.TrimEnd((byte)'=');
        if (base64.Length is < 4 or > 4_096 || base64.Length % 4 == 1)
        {
            return false;
        }

        Span<byte> padded = stackalloc byte[4_100];
        padded.Fill((byte)'=');
        base64.CopyTo(padded);
        var length = (base64.Length + 3) / 4 * 4;
        Span<byte> decoded = stackalloc byte[3_076];
        return Base64.DecodeFromUtf8(padded[..length], decoded, out _, out var count) == OperationStatus.Done
            && decoded[..count].Contains((byte)':')
            && !decoded[..count].ContainsAnyInRange((byte)0, (byte)31)
            && Utf8.IsValid(decoded[..count]);
    }

    // header.payload.signature, of which the first two begin with {" in base64.
    private static bool IsWebToken(ReadOnlySpan<byte> text, int at, out int start, out int end)
    {
        start = at;
        end = at;
        if (!text[at..].StartsWith("eyJ"u8) || !Charsets.IsLeftEdge(text, at, afterDash: false))
        {
            return false;
        }

        for (var part = 0; part < 3; part++)
        {
            var length = Charsets.Run(text, end, Charsets.Token);
            if (length < 8 || (part == 1 && !text[end..].StartsWith("eyJ"u8)))
            {
                return false;
            }

            end += length;
            if (part == 2)
            {
                return true;
            }

            if (end == text.Length || text[end] != '.')
            {
                return false;
            }

            end++;
        }

        return false;
    }
}
