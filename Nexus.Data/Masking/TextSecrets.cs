using System.Buffers;

namespace Nexus.Data.Masking;

/// <summary>
/// Finds secrets in a text as it stands and in what is left of it when its escapes are resolved, once and again: a text
/// may be JSON in a string of JSON.
/// </summary>
internal static class TextSecrets
{
    // Each layer of JSON in JSON doubles the backslashes; nobody sends more.
    private const int MostLayers = 8;

    private const byte Backslash = (byte)'\\';
    private const byte Percent = (byte)'%';

    /// <summary>What stands in a text; in order, none overlapping. Null without a find.</summary>
    /// <param name="text">UTF-8; bytes that are none stand for characters that no secret has.</param>
    /// <param name="form">How the text is written.</param>
    /// <param name="plan">What is looked for.</param>
    public static List<FoundSecret>? Find(ReadOnlySpan<byte> text, TextForm form, in MaskingPlan plan)
    {
        var mayHide = (form & TextForm.Path) != 0 && text.Contains(Percent);
        var isNamed = (form & TextForm.AwsSecret) != 0 && plan.LooksFor(SecretKind.ApiKey);
        if (!mayHide && !isNamed && !Needles.MayBeIn(text, plan))
        {
            return null;
        }

        var found = new List<FoundSecret>();
        Find(text, form, plan, 0, found);
        return found.Count > 0 ? found : null;
    }

    private static void Find(
        ReadOnlySpan<byte> text, TextForm form, in MaskingPlan plan, int layer, List<FoundSecret> found)
    {
        // The deepest layer's finds come first, so that a secret has one mask at every depth of JSON in JSON.
        var isJson = layer == 0 && (form & TextForm.JsonString) != 0;
        var hasEscapes = text.Contains(Backslash);
        if (hasEscapes && layer < MostLayers)
        {
            FindResolved(text, Backslash, form, plan, layer, found);
        }

        if (layer == 0 && (form & TextForm.Path) != 0 && text.Contains(Percent))
        {
            FindResolved(text, Percent, form, plan, layer, found);
        }

        // Offsets into a JSON string that has escapes may fall into one of them.
        if (!(isJson && hasEscapes))
        {
            FindHere(text, form, plan, found);
        }

        FoundSecret.Merge(found);
    }

    private static void FindResolved(
        ReadOnlySpan<byte> text, byte mark, TextForm form, in MaskingPlan plan, int layer, List<FoundSecret> found)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(text.Length);
        try
        {
            var resolved = buffer.AsSpan(0, EscapedText.Resolve(text, buffer, mark));
            if (resolved.Length == text.Length)
            {
                return;
            }

            var inner = new List<FoundSecret>();
            if ((form & TextForm.AwsSecret) != 0 || Needles.MayBeIn(resolved, plan))
            {
                Find(resolved, form, plan, layer + 1, inner);
            }

            EscapedText.MoveBack(text, mark, inner);
            found.AddRange(inner);
        }
        finally
        {
            // It held secrets.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private static void FindHere(ReadOnlySpan<byte> text, TextForm form, in MaskingPlan plan, List<FoundSecret> found)
    {
        if ((form & TextForm.AwsSecret) != 0 && plan.LooksFor(SecretKind.ApiKey) && ApiKeys.IsAwsSecret(text))
        {
            found.Add(new(0, text.Length, SecretKind.ApiKey, plan.MaskOf(SecretKind.ApiKey, text)));
            return;
        }

        var close = 0;
        var needles = new Needles.Scan(text, stackalloc char[Needles.PieceLength]);
        for (var at = needles.Next(0); at >= 0;)
        {
            var next = at + 1;
            if (TryMatch(text, at, plan, ref close, out var kind, out var start, out var end))
            {
                start += Charsets.EscapeLength(text, start);
                if (start < end)
                {
                    found.Add(new(start, end, kind, plan.MaskOf(kind, text[start..end])));
                    next = kind == SecretKind.BearerToken ? start : end;
                    next = Math.Max(next, at + 1);
                }
            }

            at = needles.Next(next);
        }

        if (text.Contains((byte)'@'))
        {
            if (plan.LooksFor(SecretKind.UrlPassword))
            {
                UrlPasswords.Find(text, plan, found);
            }

            if (plan.LooksFor(SecretKind.EmailAddress))
            {
                EmailAddresses.Find(text, plan, found);
            }
        }

        if (plan.LooksFor(SecretKind.CardNumber))
        {
            CardNumbers.Find(text, plan, found);
        }
    }

    private static bool TryMatch(
        ReadOnlySpan<byte> text, int at, in MaskingPlan plan, ref int close, out SecretKind kind, out int start,
        out int end)
    {
        kind = SecretKind.ApiKey;
        if (plan.LooksFor(kind) && ApiKeys.TryMatch(text, at, out start, out end))
        {
            return true;
        }

        kind = SecretKind.BearerToken;
        if (plan.LooksFor(kind) && BearerTokens.TryMatch(text, at, out start, out end))
        {
            return true;
        }

        kind = SecretKind.PrivateKey;
        start = end = at;
        return plan.LooksFor(kind) && PrivateKeys.TryMatch(text, at, ref close, out start, out end);
    }
}
