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
    public const int PieceLength = 2_048;

    private static readonly string[] _needles =
    [
        "sk-", "AIza", "AKIA", "ASIA", "secret", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
        "xoxa-", "xoxb-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com", "sk_live_", "rk_live_",
        "whsec_", "hf_", "npm_", "cnp_", "bearer", "basic", "eyJ", "-----BEGIN",
    ];

    private static readonly int _overlap = _needles.Max(needle => needle.Length) - 1;

    private static readonly SearchValues<string> _search =
        SearchValues.Create(_needles, StringComparison.OrdinalIgnoreCase);

    /// <summary>False where the text holds no secret that the plan looks for; true where it may.</summary>
    public static bool MayBeIn(ReadOnlySpan<byte> text, in MaskingPlan plan)
        => ((plan.LooksFor(SecretKind.EmailAddress)
                || (plan.LooksFor(SecretKind.UrlPassword)
                    && (text.IndexOf("://"u8) >= 0 || text.IndexOf("\\/"u8) >= 0)))
                && text.Contains((byte)'@'))
            || HidesAscii(text)
            || (plan.LooksFor(SecretKind.CardNumber) && CardNumbers.MayBeIn(text))
            || Any(text);

    /// <summary>Where needles stand that may begin a secret, by what is beside them.</summary>
    public ref struct Scan(ReadOnlySpan<byte> text, Span<char> buffer)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private readonly Span<char> _buffer = buffer;
        private int _start;
        private int _length;

        /// <summary>The first needle from this offset on, in any case of its letters, or -1.</summary>
        public int Next(int from)
        {
            while (from < _text.Length)
            {
                if (from < _start || from >= _start + _length)
                {
                    Widen(from);
                }

                var found = ((ReadOnlySpan<char>)_buffer[(from - _start).._length]).IndexOfAny(_search);
                if (found >= 0)
                {
                    from += found;
                    if (IsPlausible(_text, from))
                    {
                        return from;
                    }

                    from++;
                }
                else if (_start + _length == _text.Length)
                {
                    return -1;
                }
                else
                {
                    // A needle may begin in this piece and end in the next.
                    from = Math.Max(from, _start + _length - _overlap);
                    Widen(from);
                }
            }

            return -1;
        }

        private void Widen(int from)
        {
            // A hit often stands at the beginning, so the first look is a short one.
            var most = _length == 0 ? Math.Min(256, _buffer.Length) : _buffer.Length;
            _start = from;
            _length = Math.Min(_text.Length - from, most);
            Encoding.Latin1.GetChars(_text.Slice(from, _length), _buffer);
        }
    }

    private static bool Any(ReadOnlySpan<byte> text)
        => new Scan(text, stackalloc char[PieceLength]).Next(0) >= 0;

    // In words, and in any layer of escapes: "task-", "the secret of", "basics".
    private static bool IsPlausible(ReadOnlySpan<byte> text, int at)
        => (text[at] | 0x20) switch
        {
            's' when text[at + 2] == '-' => MayBeginAt(text, at),
            's' when (text[at + 1] | 0x20) == 'e' => NamesKey(text[(at + "secret".Length)..]),
            'b' => MayEndWord(text, at + ((text[at + 1] | 0x20) == 'e' ? "bearer".Length : "basic".Length)),
            _ => true,
        };

    private static bool MayBeginAt(ReadOnlySpan<byte> text, int at)
        => at == 0 || !Charsets.IsAlphanumeric(text[at - 1]) || text[at - 1] == 'm'
            || text[Math.Max(0, at - 6)..at].ContainsAny((byte)'\\', (byte)'%');

    private static bool NamesKey(ReadOnlySpan<byte> rest)
    {
        var next = rest.Length > 1 && rest[0] is (byte)'_' or (byte)'-' or (byte)'\\' ? rest[1..] : rest;
        return !next.IsEmpty && (next[0] | 0x20) is 'a' or 'k';
    }

    private static bool MayEndWord(ReadOnlySpan<byte> text, int end)
        => end < text.Length
            && (Charsets.IsWhiteSpace(text[end]) || text[end] is (byte)'\\' or (byte)'%' or (byte)'+');

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
