using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Seeding;

/// <summary>Identifiers that follow from a text: the same on every machine.</summary>
public static class SeedId
{
    /// <summary>The first 16 bytes of the text's SHA-256, as they are: no version of RFC 9562 stands in them. The small set has such
    /// identifiers.</summary>
    /// <param name="text">The text, taken as UTF-8.</param>
    public static Guid Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16), bigEndian: true);
    }

    /// <summary>The same, marked as version 8 of RFC 9562, which stands for rules of one's own.</summary>
    /// <param name="text">The text, taken as UTF-8.</param>
    public static Guid Stamped(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16);
        bytes[6] = (byte)(0x80 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new(bytes, bigEndian: true);
    }

    /// <summary>The identifier of a faker's row.</summary>
    internal static Guid Of(string kind, int seed, int number)
        => Stamped(string.Create(CultureInfo.InvariantCulture, $"{kind}:{seed}:{number}"));
}
