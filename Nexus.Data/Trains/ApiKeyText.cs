using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Trains;

/// <summary>
/// The text of API keys: a prefix that people and scanners recognise, 256 random bits in 43 letters and digits, and six more
/// that check them, so that a mistyped key is known for one without a database.
/// </summary>
internal static class ApiKeyText
{
    /// <summary>How long a prefix may be.</summary>
    public const int PrefixLength = 19;

    /// <summary>More than any program has made; what is longer is no key, and is not hashed.</summary>
    public const int MostCharacters = 512;

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> _digits = SearchValues.Create(Digits);

    private const int RandomBytes = 32;
    private const int RandomDigits = 43;
    private const int CheckDigits = 6;
    private const int SuffixLength = 4;

    /// <summary>Whether a text can begin keys: letters, digits and <c>_</c>, a letter first and no <c>_</c> last.</summary>
    public static bool IsPrefix(string prefix)
        => prefix.Length is > 0 and <= PrefixLength && char.IsAsciiLetter(prefix[0]) && prefix[^1] != '_'
           && prefix.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');

    /// <summary>A new key.</summary>
    /// <param name="prefix">What it begins with, before an underscore.</param>
    public static string Create(string prefix) => Of(prefix, RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>The key of given bits, which is as good as they are random.</summary>
    /// <param name="prefix">What it begins with, before an underscore.</param>
    /// <param name="bits">32 bytes.</param>
    public static string Of(string prefix, ReadOnlySpan<byte> bits)
    {
        var random = Base62(new BigInteger(bits, isUnsigned: true), RandomDigits);
        return $"{prefix}_{random}{Check(prefix, random)}";
    }

    /// <summary>False for what cannot be a key: empty, far too long, or one of ours that was mistyped. Keys of other programs
    /// bear no check.</summary>
    public static bool MayBeKey(string? text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > MostCharacters)
        {
            return false;
        }

        var end = text.LastIndexOf('_');
        var rest = text.AsSpan(end + 1);
        return end < 0 || rest.Length != RandomDigits + CheckDigits || rest.ContainsAnyExcept(_digits)
            || rest[RandomDigits..].SequenceEqual(Check(text[..end], rest[..RandomDigits].ToString()));
    }

    /// <summary>SHA-256 of a key. It has 256 random bits, so nothing slower is needed.</summary>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>What a key ends with.</summary>
    public static string Suffix(string key) => key[^SuffixLength..];

    /// <summary>A key as people may see it.</summary>
    public static string Preview(string prefix, string suffix) => $"{prefix}****{suffix}";

    private static string Check(string prefix, string random)
        => Base62(BinaryPrimitives.ReadUInt32BigEndian(Hash($"{prefix}_{random}")), CheckDigits);

    private static string Base62(BigInteger number, int digits)
        => string.Create(digits, number, static (text, rest) =>
        {
            for (var i = text.Length - 1; i >= 0; i--)
            {
                rest = BigInteger.DivRem(rest, Digits.Length, out var digit);
                text[i] = Digits[(int)digit];
            }
        });
}
