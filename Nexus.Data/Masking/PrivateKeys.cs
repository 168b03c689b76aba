namespace Nexus.Data.Masking;

/// <summary>PEM blocks of private keys, to their end or to the end of the text.</summary>
internal static class PrivateKeys
{
    public static bool TryMatch(ReadOnlySpan<byte> text, int at, out int start, out int end)
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
        var close = EndOf(text, body);
        if (close < 0 && !LooksLikeKey(text[body..]))
        {
            return false;
        }

        end = close < 0 ? text.Length : close;
        return true;
    }

    private static int EndOf(ReadOnlySpan<byte> text, int body)
    {
        var close = text[body..].IndexOf("-----END "u8);
        if (close < 0)
        {
            return -1;
        }

        var label = body + close + "-----END ".Length;
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
