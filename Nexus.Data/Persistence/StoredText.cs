using System.Text;

namespace Nexus.Data.Persistence;

/// <summary>Texts as the database takes them.</summary>
internal static class StoredText
{
    /// <summary>U+FFFD for U+0000 and for surrogates that stand alone.</summary>
    public static string Of(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    /// <summary>The same of the beginning.</summary>
    public static string Of(string text, int maxLength)
        => Of(text.Length <= maxLength ? text : string.Concat(text.AsSpan(0, maxLength - 1), "…"));
}
