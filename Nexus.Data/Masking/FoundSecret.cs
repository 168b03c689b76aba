namespace Nexus.Data.Masking;

/// <summary>A secret's place in a text, and what replaces it.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="End">The byte behind the last.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mask">What is written instead.</param>
internal readonly record struct FoundSecret(int Start, int End, SecretKind Kind, string Mask)
{
    public int Length => End - Start;

    /// <summary>
    /// Sorts, and makes one of those that overlap: the longest gives its kind and its mask, and among equals the first
    /// kind, and then the one that came first.
    /// </summary>
    public static void Merge(List<FoundSecret> found)
    {
        if (found.Count < 2)
        {
            return;
        }

        var sorted = found.Select((secret, i) => (secret, i)).OrderBy(pair => pair.secret.Start).ThenBy(pair => pair.i)
            .Select(pair => pair.secret).ToList();
        found.Clear();
        var length = 0;
        foreach (var secret in sorted)
        {
            if (found.Count > 0 && found[^1].Kind == SecretKind.EmailAddress && secret.Kind == SecretKind.UrlPassword
                && found[^1].End > secret.Start)
            {
                found.RemoveAt(found.Count - 1);
            }

            if (found.Count == 0 || found[^1].End <= secret.Start)
            {
                found.Add(secret);
                length = secret.Length;
                continue;
            }

            var last = found[^1];
            if (last.Kind == SecretKind.UrlPassword && secret.Kind == SecretKind.EmailAddress)
            {
                // password@host of an address.
                continue;
            }

            var isStronger = secret.Length > length || (secret.Length == length && secret.Kind < last.Kind);
            var winner = isStronger ? secret : last;
            length = Math.Max(length, secret.Length);
            found[^1] = winner with { Start = last.Start, End = Math.Max(last.End, secret.End) };
        }
    }
}
