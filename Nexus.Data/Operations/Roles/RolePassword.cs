using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Operations.Roles;

/// <summary>Passwords of roles, and what the server is given in their place.</summary>
public static class RolePassword
{
    private const string Mechanism = "SCRAM-SHA-256";
    private const int Iterations = 4096;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>A new password: 192 random bits in letters, digits, <c>-</c> and <c>_</c>, which stand in an address as they
    /// are.</summary>
    public static string Generate() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

    /// <summary>Why a password cannot be set; null where it can. Those that clients write in more than one way are
    /// refused: the server never sees the password, and could not mend it.</summary>
    internal static string? Objection(string password)
        => password.Length == 0 ? "is empty"
            : password.EnumerateRunes().Any(IsForbidden) ? "holds an invisible character"
            : !IsNormalized(password) ? "holds a character that can be written in several ways (Unicode NFKC changes it)"
            : null;

    /// <summary>What the server keeps of a password, made here so that the password itself is never sent.</summary>
    internal static string Verifier(string password)
        => Verifier(password, RandomNumberGenerator.GetBytes(SaltBytes), Iterations);

    internal static string Verifier(string password, byte[] salt, int iterations)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA256, HashBytes);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        var count = iterations.ToString(CultureInfo.InvariantCulture);
        return $"{Mechanism}${count}:{Convert.ToBase64String(salt)}"
            + $"${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }

    /// <summary>Whether what the server keeps is of this password.</summary>
    internal static bool IsOf(string? verifier, string password)
    {
        if (verifier?.Split('$') is not [Mechanism, var head, _] || head.Split(':') is not [var count, var salt])
        {
            return false;
        }

        var expected = Verifier(
            password, Convert.FromBase64String(salt), int.Parse(count, NumberStyles.None, CultureInfo.InvariantCulture));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(verifier));
    }

    private static bool IsNormalized(string password)
        => password.EnumerateRunes().All(rune => rune != Rune.ReplacementChar)
           && password.IsNormalized(NormalizationForm.FormKC);

    // Controls, and what SASLprep drops or takes for a space.
    private static bool IsForbidden(Rune rune)
        => Rune.GetUnicodeCategory(rune)
               is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
               or UnicodeCategory.ParagraphSeparator
           || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator && rune.Value != ' '
           || rune.Value is 0x034F or 0x1806 or (>= 0x180B and <= 0x180D) or (>= 0xFE00 and <= 0xFE0F);
}
