using System.Buffers;

namespace Nexus.Data.Masking;

/// <summary>The passwords of addresses such as <c>scheme://user:password@host</c>.</summary>
internal static class UrlPasswords
{
    // A password that nobody escaped may hold a slash; further than this nobody looks for its end.
    private const int MostOfUnescaped = 128;

    private static readonly SearchValues<byte> _ends = SearchValues.Create("/?# \t\r\n\"'<>\\`|,;)"u8);
    private static readonly SearchValues<byte> _hardEnds = SearchValues.Create(" \t\r\n\"'<>\\`|"u8);

    // An authority that is longer is none.
    private const int MostOfAuthority = 2_048;

    public static void Find(ReadOnlySpan<byte> text, in MaskingPlan plan, List<FoundSecret> found)
    {
        var mark = "://"u8;
        var at = 0;
        for (int next; (next = text[at..].IndexOf(mark)) >= 0;)
        {
            at += next + mark.Length;
            if (at > mark.Length && Charsets.IsAlphanumeric(text[at - mark.Length - 1])
                && TryMatch(text[at..], out var start, out var end))
            {
                var secret = text[(at + start)..(at + end)];
                found.Add(new(
                    at + start, at + end, SecretKind.UrlPassword, plan.MaskOf(SecretKind.UrlPassword, secret)));
                at += end;
            }
        }
    }

    private static bool TryMatch(ReadOnlySpan<byte> rest, out int start, out int end)
    {
        var authority = rest[..Math.Min(rest.Length, MostOfAuthority)];
        authority = authority[..Until(authority, _hardEnds)];
        start = authority.IndexOf((byte)':') + 1;
        end = 0;
        if (start == 0 || authority[0] == '[' || authority[..start].ContainsAny("/?#@"u8))
        {
            return false;
        }

        var first = start + Until(authority[start..], _ends);
        end = authority[..first].LastIndexOf((byte)'@');
        if (end < start)
        {
            // Without an @ before the first slash this is a port, or a password with a slash in it.
            var value = authority[start..first];
            if (value.IsEmpty || value.IndexOfAnyExcept(Charsets.Digits) < 0
                || value[0] is (byte)'$' or (byte)'{' or (byte)'%' or (byte)'<' || first == authority.Length)
            {
                return false;
            }

            var reach = authority[first..Math.Min(authority.Length, first + MostOfUnescaped)];
            var close = reach.IndexOf((byte)'@');
            end = close < 0 ? -1 : first + close;
        }

        return end > start && IsSecret(authority[start..end])
            && end + 1 < rest.Length && (Charsets.IsAlphanumeric(rest[end + 1]) || rest[end + 1] is (byte)'[' or >= 0x80
                or (byte)'$' or (byte)'{' or (byte)'<' or (byte)'%');
    }

    // Neither a placeholder nor what somebody has masked already.
    private static bool IsSecret(ReadOnlySpan<byte> password)
        => !(password.StartsWith("${"u8) && password[^1] == '}')
            && !(password[0] == '{' && password[^1] == '}')
            && !(password.StartsWith("[masked"u8) && password[^1] == ']')
            && !password.SequenceEqual("%s"u8)
            && password.ContainsAnyExcept((byte)'*');

    private static int Until(ReadOnlySpan<byte> text, SearchValues<byte> ends)
    {
        var length = text.IndexOfAny(ends);
        return length < 0 ? text.Length : length;
    }
}
