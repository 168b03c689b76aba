using System.Buffers;
using System.Text;

namespace Nexus.Data.Masking;

/// <summary>
/// What every secret has in it, searched for vectorised, so that a text without any is left after one look.
/// </summary>
/// <remarks>
/// No needle has a character that JSON escapes by a backslash and one other. A text in which none stands can hide a
/// secret in escapes of the form <c>\u0073</c> only, at whatever depth of JSON in JSON.
/// </remarks>
internal static class Needles
{
    // Widened in pieces on the stack: a search for several words is there for characters alone.
    private const int PieceLength = 2_048;

    private static readonly string[] _needles =
    [
        "sk-", "AIza", "AKIA", "ASIA", "secret", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
        "xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com", "sk_live_", "rk_live_", "whsec_",
        "hf_", "npm_", "cnp_", "bearer", "basic", "eyJ", "-----BEGIN",
    ];

    private static readonly int _overlap = _needles.Max(needle => needle.Length) - 1;

    private static readonly SearchValues<string> _search =
        SearchValues.Create(_needles, StringComparison.OrdinalIgnoreCase);

    /// <summary>False where the text holds no secret that the plan looks for; true where it may.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> text, in MaskingPlan plan)
        => (text.Contains((byte)'@')
                && (plan.LooksFor(SecretKind.UrlPassword) || plan.LooksFor(SecretKind.EmailAddress)))
            || HidesAscii(text)
            || (plan.LooksFor(SecretKind.CardNumber) && CardNumbers.MayBeIn(text))
            || Next(text, 0) >= 0;

    /// <summary>Where the next needle begins, or -1. Its case is not looked at.</summary>
    public static int Next(ReadOnlySpan<byte> text, int start)
    {
        Span<char> widened = stackalloc char[PieceLength];

        // A hit is often near the last one, so the first look is a short one.
        for (var length = 256; start < text.Length; length = PieceLength)
        {
            var piece = text[start..Math.Min(text.Length, start + length)];
            Encoding.Latin1.GetChars(piece, widened);
            var found = ((ReadOnlySpan<char>)widened[..piece.Length]).IndexOfAny(_search);
            if (found >= 0)
            {
                return start + found;
            }

            start += piece.Length;
            if (start < text.Length)
            {
                start -= _overlap;
            }
        }

        return -1;
    }

    // \u0020 to \u007f.
    private static bool HidesAscii(ReadOnlySpan<byte> text)
    {
        var escape = "\\u00"u8;
        for (int found; (found = text.IndexOf(escape)) >= 0; text = text[(found + escape.Length)..])
        {
            if (text.Length > found + escape.Length && text[found + escape.Length] is >= (byte)'2' and <= (byte)'7')
            {
                return true;
            }
        }

        return false;
    }
}
