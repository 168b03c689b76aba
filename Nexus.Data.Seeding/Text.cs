namespace Nexus.Data.Seeding;

/// <summary>Words put together.</summary>
internal static class Text
{
    /// <summary>The words with a capital letter before and spaces between them.</summary>
    public static string Sentence(params ReadOnlySpan<string> words)
    {
        var text = string.Join(' ', words);
        return char.ToUpperInvariant(text[0]) + text[1..];
    }

    /// <summary>A name's ASCII letters in lower case: names have apostrophes.</summary>
    public static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetter)).ToLowerInvariant();
}
