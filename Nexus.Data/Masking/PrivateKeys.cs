namespace Nexus.Data.Masking;

/// <summary>PEM blocks of private keys, to their end or to the end of the text.</summary>
internal static class PrivateKeys
{
    /// <summary>The block that begins at a needle.</summary>
    /// <param name="text">The text.</param>
    /// <param name="at">Where the needle stands.</param>
    /// <param name="close">The next marker of an end, kept from call to call; 0 before the first.</param>
    /// <param name="start">Where the block begins.</param>
    /// <param name="end">The byte behind it.</param>
    public static bool TryMatch(ReadOnlySpan<byte> text, int at, ref int close, out int start, out int end)
    {
        start = at;
        end = at;
        var begin = "-----BEGIN "u8;
        if (!text[at..].StartsWith(begin))
        {
            return false;
        }

        // "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----BEGIN PGP PRIVATE KEY BLOCK-----"
        var label = text[(at + begin.Length)..Math.Min(text.Length, at + begin.Length + 48)];
        var length = label.IndexOf("-----"u8);
        if (length < 0 || label[..length].IndexOf("PRIVATE KEY"u8) < 0)
        {
            return false;
        }

        var body = at + begin.Length + length + "-----".Length;
        if (close < body)
        {
            var next = text[body..].IndexOf("-----END "u8);
            close = next < 0 ? text.Length : body + next;
        }

        // An end behind another beginning belongs to that.
        var isClosed = close < text.Length && text[body..close].IndexOf(begin) < 0;
        if (!isClosed && !LooksLikeKey(text[body..]))
        {
            return false;
        }

        end = isClosed ? EndOf(text, close) : text.Length;
        return true;
    }

    private static int EndOf(ReadOnlySpan<byte> text, int close)
    {
        var label = close + "-----END ".Length;
        var dashes = text[label..Math.Min(text.Length, label + 48)].IndexOf("-----"u8);
        return dashes < 0 ? text.Length : label + dashes + "-----".Length;
    }

    // Tells the first line of a key that was cut off from prose about the marker.
    private static bool LooksLikeKey(ReadOnlySpan<byte> text)
    {
        var i = 0;
        while (i < text.Length)
        {
            if (Charsets.IsWhiteSpace(text[i]) || text[i] is (byte)'>' or (byte)'|' or (byte)'#')
            {
                i++;
            }
            else if (text[i] == '\\' && i + 1 < text.Length)
            {
                i += text[i + 1] == '\\' ? 1 : 2;
            }
            else
            {
                break;
            }
        }

        text = text[i..];
        if (text.StartsWith("Proc-Type:"u8) || text.StartsWith("DEK-Info:"u8) || text.StartsWith("Version:"u8)
            || text.StartsWith("Comment:"u8))
        {
            return true;
        }

        var line = text[..Charsets.Run(text, 0, Charsets.Base64)];
        return line.Length >= 8 && line[1..].ContainsAny(Charsets.UpperAndDigits);
    }
}
