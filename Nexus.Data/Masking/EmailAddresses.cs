using System.Buffers;

namespace Nexus.Data.Masking;

/// <summary>E-mail addresses of a domain with a dot; no user@localhost, package@1.2.3, picture@2x.png.</summary>
internal static class EmailAddresses
{
    private const int MostBefore = 128;
    private const int MostBehind = 253;

    private static readonly SearchValues<byte> _local = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-"u8);

    private static readonly SearchValues<byte> _domain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"u8);

    public static void Find(ReadOnlySpan<byte> text, in MaskingPlan plan, List<FoundSecret> found)
    {
        var from = 0;
        for (int next; (next = text[from..].IndexOf((byte)'@')) >= 0;)
        {
            var at = from + next;
            if (TryMatch(text, from, at, out var start, out var end))
            {
                found.Add(new(
                    start, end, SecretKind.EmailAddress, plan.MaskOf(SecretKind.EmailAddress, text[start..end])));
                from = end;
            }
            else
            {
                from = at + 1;
            }
        }
    }

    private static bool TryMatch(ReadOnlySpan<byte> text, int from, int at, out int start, out int end)
    {
        start = at;
        while (start > from && at - start < MostBefore && _local.Contains(text[start - 1]))
        {
            start--;
        }

        start += Charsets.EscapeLength(text, start);
        while (start < at && text[start] is (byte)'.' or (byte)'-' or (byte)'%' or (byte)'+')
        {
            start++;
        }

        end = at + 1;
        var domain = text[end..Math.Min(text.Length, end + MostBehind)];
        domain = domain[..Charsets.Run(domain, 0, _domain)].TrimEnd(".-"u8);
        end += domain.Length;
        return start < at && text[at - 1] != '.' && IsDomain(domain);
    }

    private static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        var dot = domain.LastIndexOf((byte)'.');
        if (dot <= 0 || domain[0] is (byte)'.' or (byte)'-' || domain.IndexOf(".."u8) >= 0)
        {
            return false;
        }

        var top = domain[(dot + 1)..];
        foreach (var letter in top)
        {
            if (!char.IsAsciiLetter((char)letter))
            {
                return top.StartsWith("xn--"u8);
            }
        }

        var isPictureScale = Charsets.IsDigit(domain[0]) && domain[..dot].EndsWith("x"u8)
            && domain[..(dot - 1)].IndexOfAnyExcept(Charsets.Digits) < 0;
        return top.Length >= 2 && !isPictureScale;
    }
}
