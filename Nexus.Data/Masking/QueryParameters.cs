using System.Text;

namespace Nexus.Data.Masking;

/// <summary>Query parameters, and those of a fragment, that are masked by their name.</summary>
internal static class QueryParameters
{
    private static readonly HashSet<string> _names = new(
        [
            "key", "api_key", "apikey", "api-key", "token", "access_token", "refresh_token", "id_token", "auth_token",
            "signature", "sig", "x-amz-signature", "x-amz-security-token", "x-goog-signature", "password", "passwd",
            "pwd", "secret", "client_secret", "code",
        ],
        StringComparer.OrdinalIgnoreCase);

    public static string Mask(string pathWithQuery, in MaskingPlan plan, Action<SecretKind> report)
    {
        var at = pathWithQuery.AsSpan().IndexOfAny('?', '#');
        if (at < 0)
        {
            return pathWithQuery;
        }

        StringBuilder? masked = null;
        var copied = 0;
        while (at < pathWithQuery.Length)
        {
            var start = at + 1;
            at = EndOf(pathWithQuery, start);
            var equals = pathWithQuery.IndexOf('=', start, at - start);
            if (equals < 0 || !_names.Contains(Uri.UnescapeDataString(pathWithQuery[start..equals])))
            {
                continue;
            }

            var value = pathWithQuery[(equals + 1)..at];
            if (value.Length > 0 && !MaskingPlan.IsMask(value))
            {
                report(SecretKind.Header);
                masked ??= new StringBuilder();
                masked.Append(pathWithQuery, copied, equals + 1 - copied)
                    .Append(plan.MaskOf(SecretKind.Header, Encoding.UTF8.GetBytes(value)));
                copied = at;
            }
        }

        return masked?.Append(pathWithQuery, copied, pathWithQuery.Length - copied).ToString() ?? pathWithQuery;
    }

    private static int EndOf(string text, int start)
    {
        var length = text.AsSpan(start).IndexOfAny("&#?");
        return length < 0 ? text.Length : start + length;
    }
}
