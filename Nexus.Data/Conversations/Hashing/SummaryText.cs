using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Summaries of conversations, compared in one form: as the model wrote them in an answer, and as a client quotes them
/// in the first message of the conversation that goes on.
/// </summary>
public static partial class SummaryText
{
    /// <summary>
    /// Characters of the normal form that a summary has at least; they are what its key is made of.
    /// </summary>
    public const int KeyLength = 40;

    /// <summary>Characters of the normal form that count.</summary>
    public const int MaxLength = 2000;

    /// <summary>Bytes of a key.</summary>
    public const int KeySize = 16;

    /// <summary>
    /// The normal form of a text: tags and labels of analysis and summary dropped, white space (JavaScript's) collapsed
    /// to one space and trimmed, lower case, composed (NFC), without full stops at the end.
    /// </summary>
    public static string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        // A tag parts words, as the line break does that a client writes for it.
        var plain = Collapse(MarkExpression().Replace(text, " "));
        return plain.ToLowerInvariant().Normalize(NormalizationForm.FormC).TrimEnd('.', ' ');
    }

    /// <summary>The key of a normalised text: 16 bytes of the SHA-256 of its first 40 characters; null where it is
    /// shorter.</summary>
    public static byte[]? Key(string normalized)
    {
        ArgumentNullException.ThrowIfNull(normalized);

        return normalized.Length < KeyLength
            ? null
            : SHA256.HashData(Encoding.UTF8.GetBytes(normalized[..KeyLength]))[..KeySize];
    }

    /// <summary>
    /// Whether the first 2,000 characters of a normalised summary stand in a text block of an answer. Never for a
    /// summary of less than 40 characters, nor in what is no answer.
    /// </summary>
    public static bool StandsIn(string normalizedSummary, ReadOnlySpan<byte> answerUtf8)
    {
        ArgumentNullException.ThrowIfNull(normalizedSummary);

        if (normalizedSummary.Length < KeyLength)
        {
            return false;
        }

        var wanted = normalizedSummary.AsSpan(0, Math.Min(MaxLength, normalizedSummary.Length));
        foreach (var text in AnswerHasher.ReadTexts(answerUtf8))
        {
            if (Normalize(text).AsSpan().Contains(wanted, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The keys of a text block: its own, and that of what follows each opening tag of a summary.</summary>
    internal static IEnumerable<byte[]> KeysOf(string block)
    {
        for (var start = 0; start >= 0;)
        {
            if (Key(NormalizeStart(block[start..])) is { } key)
            {
                yield return key;
            }

            var tag = block.IndexOf("<summary>", start, StringComparison.OrdinalIgnoreCase);
            start = tag < 0 ? -1 : tag + "<summary>".Length;
        }
    }

    // A key needs no more than the start of a text. In plain ASCII nothing that follows can change it: what is cut off
    // can touch the last few characters only.
    private static string NormalizeStart(string text)
    {
        const int start = 256;
        if (text.Length > start && Ascii.IsValid(text.AsSpan(0, start)))
        {
            var normalized = Normalize(text[..start]);
            if (normalized.Length >= KeyLength * 2)
            {
                return normalized;
            }
        }

        return Normalize(text);
    }

    // Only well-formed text has a composed form.
    private static string Collapse(string text)
    {
        var rented = ArrayPool<char>.Shared.Rent(text.Length);
        var written = 0;
        var space = false;
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            if (IsWhiteSpace(character))
            {
                space = true;
                continue;
            }

            if (space && written > 0)
            {
                rented[written++] = ' ';
            }

            space = false;
            if (char.IsSurrogate(character))
            {
                if (index + 1 < text.Length && char.IsSurrogatePair(character, text[index + 1]))
                {
                    rented[written++] = character;
                    character = text[++index];
                }
                else
                {
                    character = '\uFFFD';
                }
            }

            rented[written++] = character is '\0' or '\uFFFE' or '\uFFFF' ? '\uFFFD' : character;
        }

        var collapsed = new string(rented, 0, written);
        ArrayPool<char>.Shared.Return(rented);
        return collapsed;
    }

    private static bool IsWhiteSpace(char character) => character is
        (>= '\t' and <= '\r') or ' ' or '\u00A0' or '\u1680' or (>= '\u2000' and <= '\u200A')
        or '\u2028' or '\u2029' or '\u202F' or '\u205F' or '\u3000' or '\uFEFF';

    [GeneratedRegex(
        "</?(?:analysis|summary)>|(?:analysis|summary):", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex MarkExpression();
}
