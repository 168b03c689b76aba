using System.Buffers;
using System.Text;

namespace Nexus.Data.Masking;

/// <summary>Keys that are known by how they begin.</summary>
internal static class ApiKeys
{
    // What may stand before: with Loose also - and _, which a prefix of this length is safe behind.
    private enum Edge
    {
        Strict,
        Loose,
    }

    private readonly record struct Form(
        string Prefix, SearchValues<byte> Characters, int Least, int Most = int.MaxValue, Edge Edge = Edge.Strict,
        bool NeedsDigit = false);

    private static readonly SearchValues<byte> _between = SearchValues.Create(" \t=:\"'\\>`,"u8);

    private static readonly Form[] _forms =
    [
        new("sk-ant-", Charsets.Token, 8, Edge: Edge.Loose),
        new("sk-proj-", Charsets.Token, 16),
        new("sk-svcacct-", Charsets.Token, 16),
        new("sk-admin-", Charsets.Token, 20, NeedsDigit: true),
        new("sk-or-", Charsets.Token, 16),
        new("AIza", Charsets.Token, 35, 35),
        new("AKIA", Charsets.UpperAndDigits, 16, 16),
        new("ASIA", Charsets.UpperAndDigits, 16, 16),
        new("ghp_", Charsets.Word, 30),
        new("gho_", Charsets.Word, 30),
        new("ghu_", Charsets.Word, 30),
        new("ghs_", Charsets.Word, 30),
        new("ghr_", Charsets.Word, 30),
        new("github_pat_", Charsets.Word, 22, Edge: Edge.Loose),
        new("glpat-", Charsets.Token, 20, Edge: Edge.Loose),
        new("xoxa-", Charsets.Dashed, 10, NeedsDigit: true),
        new("xoxb-", Charsets.Dashed, 10, NeedsDigit: true),
        new("xoxe-", Charsets.Dashed, 10, NeedsDigit: true),
        new("xoxp-", Charsets.Dashed, 10, NeedsDigit: true),
        new("xoxr-", Charsets.Dashed, 10, NeedsDigit: true),
        new("xoxs-", Charsets.Dashed, 10, NeedsDigit: true),
        new("xapp-", Charsets.Dashed, 10, NeedsDigit: true),
        new("sk_live_", Charsets.Word, 16, Edge: Edge.Loose),
        new("rk_live_", Charsets.Word, 16, Edge: Edge.Loose),
        new("whsec_", Charsets.Base64, 16),
        new("hf_", Charsets.Alphanumeric, 30),
        new("npm_", Charsets.Alphanumeric, 36),
        new("cnp_live_", Charsets.Token, 16, Edge: Edge.Loose),
        new("cnp_test_", Charsets.Token, 16, Edge: Edge.Loose),
    ];

    /// <summary>The key that begins at a needle, or behind it where that names an AWS secret or Slack's host.</summary>
    public static bool TryMatch(ReadOnlySpan<byte> text, int at, out int start, out int end)
    {
        start = at;
        end = at;
        foreach (ref readonly var form in _forms.AsSpan())
        {
            if (text[at] == form.Prefix[0] && Fits(text, at, form, ref end))
            {
                return true;
            }
        }

        return IsGeneric(text, at, ref end)
            || IsSlackWebhook(text, at, ref start, ref end)
            || IsAwsSecret(text, at, ref start, ref end);
    }

    /// <summary>Whether a property of this name holds the secret that belongs to an AWS access key.</summary>
    public static bool NamesAwsSecret(ReadOnlySpan<byte> name)
    {
        if (name.Length > 64)
        {
            return false;
        }

        for (var i = 0; i + "secret".Length < name.Length; i++)
        {
            if (NameLength(name, i) == name.Length - i)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the text is nothing but forty characters of such a secret.</summary>
    public static bool IsAwsSecret(ReadOnlySpan<byte> text)
        => text.Length == 40 && Charsets.Run(text, 0, Charsets.Base64) == 40;

    private static bool Fits(ReadOnlySpan<byte> text, int at, in Form form, ref int end)
    {
        if (!StartsWith(text[at..], form.Prefix) || !Charsets.IsLeftEdge(text, at, form.Edge == Edge.Loose))
        {
            return false;
        }

        var body = at + form.Prefix.Length;
        var length = Charsets.Run(text, body, form.Characters);
        if (length < form.Least || length > form.Most
            || (form.NeedsDigit && !text.Slice(body, length).ContainsAny(Charsets.Digits))
            || (form.Most != int.MaxValue && !Charsets.IsRightEdge(text, body + length, Charsets.Token)))
        {
            return false;
        }

        end = body + length;
        if (form.Prefix == "glpat-" && end + 1 < text.Length && text[end] == '.')
        {
            // A routable token has two parts more: .01.1a2b3c.
            end += Charsets.Run(text, end, Charsets.Token68);
            end = text[..end].TrimEnd((byte)'.').Length;
        }

        return true;
    }

    // sk- and twenty or more, as of OpenAI's old keys and of many who took the form over: one stretch of letters and
    // digits is long and has both, which words with hyphens between them have not.
    private static bool IsGeneric(ReadOnlySpan<byte> text, int at, ref int end)
    {
        if (!text[at..].StartsWith("sk-"u8) || !Charsets.IsLeftEdge(text, at, afterDash: false))
        {
            return false;
        }

        var body = text.Slice(at + 3, Charsets.Run(text, at + 3, Charsets.Token));
        if (body.Length < 20)
        {
            return false;
        }

        for (var i = 0; i < body.Length; i++)
        {
            var stretch = body.Slice(i, Charsets.Run(body, i, Charsets.Alphanumeric));
            if (stretch.Length >= 12
                && stretch.ContainsAny(Charsets.Digits) && stretch.ContainsAnyExcept(Charsets.Digits))
            {
                end = at + 3 + body.Length;
                return true;
            }

            i += stretch.Length;
        }

        return false;
    }

    private static bool IsSlackWebhook(ReadOnlySpan<byte> text, int at, ref int start, ref int end)
    {
        var host = "hooks.slack.com/"u8;
        if (!text[at..].StartsWith(host))
        {
            return false;
        }

        var rest = text[(at + host.Length)..];
        var folder = rest.StartsWith("services/"u8) ? "services/".Length
            : rest.StartsWith("workflows/"u8) ? "workflows/".Length
            : rest.StartsWith("triggers/"u8) ? "triggers/".Length
            : 0;
        start = at + host.Length + folder;
        end = start + Charsets.Run(text, start, Charsets.Path);
        return folder > 0 && end - start >= 12;
    }

    private static bool IsAwsSecret(ReadOnlySpan<byte> text, int at, ref int start, ref int end)
    {
        var length = NameLength(text, at);
        if (length == 0)
        {
            return false;
        }

        // What stands between a name and its value in shells, INI, YAML, JSON in JSON and XML.
        start = at + length;
        var last = Math.Min(text.Length, start + 12);
        while (start < last && _between.Contains(text[start]))
        {
            start++;
        }

        end = start + Charsets.Run(text, start, Charsets.Base64);
        return start > at + length && end - start == 40;
    }

    // secret_access_key, secretAccessKey, SECRET-ACCESS-KEY, and aws_secret_key.
    private static int NameLength(ReadOnlySpan<byte> text, int at)
    {
        var i = at;
        if (!Take(text, ref i, "secret"))
        {
            return 0;
        }

        var before = at > 0 && text[at - 1] is (byte)'_' or (byte)'-' ? at - 1 : at;
        var isAws = StartsWithIgnoringCase(text, before - "aws".Length, "aws");
        TakeDash(text, ref i);
        if (Take(text, ref i, "access"))
        {
            TakeDash(text, ref i);
            isAws = true;
        }

        return isAws && Take(text, ref i, "key") ? i - at : 0;
    }

    private static bool Take(ReadOnlySpan<byte> text, ref int i, string word)
    {
        if (!StartsWithIgnoringCase(text, i, word))
        {
            return false;
        }

        i += word.Length;
        return true;
    }

    private static void TakeDash(ReadOnlySpan<byte> text, ref int i)
    {
        if (i < text.Length && text[i] is (byte)'_' or (byte)'-')
        {
            i++;
        }
    }

    private static bool StartsWithIgnoringCase(ReadOnlySpan<byte> text, int at, string word)
        => at >= 0 && text.Length - at >= word.Length
            && Ascii.EqualsIgnoreCase(text.Slice(at, word.Length), word);

    private static bool StartsWith(ReadOnlySpan<byte> text, string prefix)
        => text.Length >= prefix.Length && Ascii.Equals(text[..prefix.Length], prefix);
}
