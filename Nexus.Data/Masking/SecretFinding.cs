namespace Nexus.Data.Masking;

/// <summary>That a secret stands somewhere; never the secret.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Place">
/// The way to the string, like a JSON pointer: <c>/messages/0/content</c>. Secrets in property names are masked in it. It
/// is empty where the secret is the whole document or stands in what is no JSON.
/// </param>
public sealed record SecretFinding(SecretKind Kind, string Place);
