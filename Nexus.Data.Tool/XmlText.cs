using System.Text;
using System.Xml;

namespace Nexus.Data.Tool;

/// <summary>
/// Texts made fit for XML and for readers: it knows no control characters, nor halves of others, and marks that turn the
/// direction of what follows would let a text change how its neighbours read.
/// </summary>
internal static class XmlText
{
    public static string Clean(string text)
        => string.Concat(text.EnumerateRunes().Select(rune => IsFit(rune) ? rune.ToString() : "\uFFFD"));

    private static bool IsFit(Rune rune)
        => !rune.IsBmp
            || (XmlConvert.IsXmlChar((char)rune.Value) && rune.Value is not ((>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069)));
}
