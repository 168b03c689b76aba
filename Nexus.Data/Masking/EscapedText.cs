using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Nexus.Data.Masking;

/// <summary>
/// The next layer of a text: its backslash or percent escapes resolved, and the way back. What is no escape stays.
/// </summary>
internal static class EscapedText
{
    /// <summary>Resolves each escape once.</summary>
    /// <returns>How many bytes were written: fewer than there were, or there was no escape.</returns>
    public static int Resolve(ReadOnlySpan<byte> text, Span<byte> resolved, byte mark)
    {
        var written = 0;
        Span<byte> bytes = stackalloc byte[4];
        while (!text.IsEmpty)
        {
            var plain = text.IndexOf(mark);
            plain = plain < 0 ? text.Length : plain;
            text[..plain].CopyTo(resolved[written..]);
            written += plain;
            text = text[plain..];
            if (!text.IsEmpty)
            {
                var (length, count) = Escape(text, bytes);
                bytes[..count].CopyTo(resolved[written..]);
                written += count;
                text = text[length..];
            }
        }

        return written;
    }

    /// <summary>Moves what was found in the resolved text, in order, to where it stands in the text.</summary>
    public static void MoveBack(ReadOnlySpan<byte> text, byte mark, List<FoundSecret> found)
    {
        var place = new Place();
        for (var i = 0; i < found.Count; i++)
        {
            var start = place.Before(text, mark, found[i].Start);
            found[i] = found[i] with { Start = start, End = place.Behind(text, mark, found[i].End) };
        }
    }

    // The length of the escape that the text begins with, and of what it stands for.
    private static (int Length, int Count) Escape(ReadOnlySpan<byte> text, Span<byte> bytes)
        => text[0] == '%' ? Percent(text, bytes) : Backslash(text, bytes);

    private static (int Length, int Count) Percent(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        if (text.Length >= 3 && byte.TryParse(text[1..3], NumberStyles.AllowHexSpecifier, null, out bytes[0]))
        {
            return (3, 1);
        }

        bytes[0] = text[0];
        return (1, 1);
    }

    private static (int Length, int Count) Backslash(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        bytes[0] = (text.Length > 1 ? text[1] : 0) switch
        {
            'n' => (byte)'\n',
            'r' => (byte)'\r',
            't' => (byte)'\t',
            'b' => (byte)'\b',
            'f' => (byte)'\f',
            '"' or '\\' or '/' => text[1],
            _ => 0,
        };
        if (bytes[0] != 0)
        {
            return (2, 1);
        }

        if (!TryCodeUnit(text, out var unit))
        {
            bytes[0] = text[0];
            return (1, 1);
        }

        if (char.IsHighSurrogate(unit) && TryCodeUnit(text[6..], out var low) && char.IsLowSurrogate(low))
        {
            return (12, new Rune(unit, low).EncodeToUtf8(bytes));
        }

        var rune = char.IsSurrogate(unit) ? Rune.ReplacementChar : new Rune(unit);
        return (6, rune.EncodeToUtf8(bytes));
    }

    private static bool TryCodeUnit(ReadOnlySpan<byte> text, out char unit)
    {
        unit = '\0';
        if (text.Length < 6 || text[0] != '\\' || text[1] != 'u'
            || !Utf8Parser.TryParse(text.Slice(2, 4), out ushort value, out var used, 'x') || used != 4)
        {
            return false;
        }

        unit = (char)value;
        return true;
    }

    private struct Place
    {
        private int _at;
        private int _resolvedAt;

        // An offset inside of what one escape stands for is where that escape begins.
        public int Before(ReadOnlySpan<byte> text, byte mark, int resolved)
        {
            var overshoot = MoveTo(text, mark, resolved);
            return overshoot.Count == 0 ? _at : _at - overshoot.Length;
        }

        public int Behind(ReadOnlySpan<byte> text, byte mark, int resolved)
        {
            MoveTo(text, mark, resolved);
            return _at;
        }

        private (int Length, int Count) MoveTo(ReadOnlySpan<byte> text, byte mark, int resolved)
        {
            Span<byte> bytes = stackalloc byte[4];
            while (_resolvedAt < resolved)
            {
                var plain = text[_at..Math.Min(text.Length, _at + resolved - _resolvedAt)].IndexOf(mark);
                plain = plain < 0 ? resolved - _resolvedAt : plain;
                _at += plain;
                _resolvedAt += plain;
                if (_resolvedAt < resolved)
                {
                    var (length, count) = Escape(text[_at..], bytes);
                    _at += length;
                    _resolvedAt += count;
                    if (_resolvedAt > resolved)
                    {
                        return (length, _resolvedAt - resolved);
                    }
                }
            }

            return default;
        }
    }
}
