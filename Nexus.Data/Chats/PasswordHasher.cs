using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>Makes what a password is verified by: for the application and for seeded users alike.</summary>
/// <remarks>
/// PBKDF2 with HMAC-SHA-512, as <c>$pbkdf2-sha512$i=ITERATIONS$SALT$HASH</c>: the text says how it was made, so that one with fewer
/// iterations is still verified, and made anew at the next log-in. Hashes of other makers are verified by
/// <see cref="IForeignPasswordHash"/>.
/// </remarks>
/// <param name="iterations">How often the password is hashed: what a log-in costs, and what guessing costs.</param>
/// <param name="foreign">What verifies hashes of other makers.</param>
public sealed class PasswordHasher(
    int iterations = PasswordHasher.DefaultIterations, IEnumerable<IForeignPasswordHash>? foreign = null)
{
    /// <summary>As often as OWASP asks for.</summary>
    public const int DefaultIterations = 210_000;

    private const string Scheme = "pbkdf2-sha512";
    private const int SaltLength = 16;
    private const int HashLength = 32;
    private const int MostIterations = 10_000_000;
    private const int LongestPassword = 1_024;

    private readonly int _iterations = iterations is > 0 and <= MostIterations
        ? iterations
        : throw new ArgumentOutOfRangeException(nameof(iterations), iterations, $"1 to {MostIterations}.");

    private readonly IForeignPasswordHash[] _foreign = [.. foreign ?? []];

    // Verified where there is no user, so that a name that does not exist takes as long as one that does.
    private readonly Lazy<string> _nobody = new(() => new PasswordHasher(iterations).Hash("nobody"));

    /// <summary>What a password is verified by, with a salt of its own.</summary>
    /// <param name="password">The password, not empty; 1,024 characters at most.</param>
    /// <exception cref="NexusDataException">It is empty or too long (validation).</exception>
    public string Hash(string password) => Hash(password, RandomNumberGenerator.GetBytes(SaltLength));

    /// <summary>The same with a salt that is given: for rows that are to be the same each time, and protect nothing.</summary>
    internal string Hash(string password, byte[] salt)
    {
        ArgumentNullException.ThrowIfNull(password);
        if (!IsPassword(password))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"A password has 1 to {LongestPassword} characters, and no half ones.");
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"${Scheme}$i={_iterations}${Base64Url.EncodeToString(salt)}${Base64Url.EncodeToString(Derive(password, salt, _iterations))}");
    }

    /// <summary>Whether a password is the one.</summary>
    /// <param name="hash">What it is verified by; null where there is none.</param>
    /// <param name="password">The password that was given.</param>
    /// <exception cref="NexusDataException">Nobody knows a hash of this kind (validation); the message does not hold it.</exception>
    public PasswordVerification Verify(string? hash, string password)
    {
        ArgumentNullException.ThrowIfNull(password);
        if (!IsPassword(password))
        {
            return PasswordVerification.Wrong;
        }

        if (hash is null)
        {
            VerifyNothing(password);
            return PasswordVerification.Wrong;
        }

        if (Parse(hash) is var (count, salt, expected))
        {
            return !CryptographicOperations.FixedTimeEquals(Derive(password, salt, count), expected) ? PasswordVerification.Wrong
                : count < _iterations ? PasswordVerification.RightButOutdated
                : PasswordVerification.Right;
        }

        var maker = Array.Find(_foreign, maker => maker.Knows(hash)) ?? throw new NexusDataException(
            NexusDataErrorKind.Validation,
            $"A stored password hash is of a kind that nobody verifies: register an {nameof(IForeignPasswordHash)} for it.");
        return maker.Verify(hash, password) ? PasswordVerification.RightButOutdated : PasswordVerification.Wrong;
    }

    /// <summary>Takes the time that verifying a hash of ours takes.</summary>
    internal void VerifyNothing(string password) => Verify(_nobody.Value, password);

    /// <summary>Whether somebody verifies hashes of this kind.</summary>
    internal bool Knows(string hash) => Parse(hash) is not null || Array.Exists(_foreign, maker => maker.Knows(hash));

    private static bool IsPassword(string password)
        => password.Length is > 0 and <= LongestPassword && Normalized(password) is not null;

    // As any keyboard writes it.
    private static string? Normalized(string password) => TextField.Normalized(password, NormalizationForm.FormKC);

    private static byte[] Derive(string password, byte[] salt, int count)
        => Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(Normalized(password)!), salt, count, HashAlgorithmName.SHA512, HashLength);

    // Null for what another maker wrote.
    private static (int Iterations, byte[] Salt, byte[] Hash)? Parse(string hash)
        => hash.Split('$') is ["", Scheme, ['i', '=', .. var count], var salt, var value]
           && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
           && iterations is > 0 and <= MostIterations
           && Base64Url.IsValid(salt) && Base64Url.IsValid(value)
           && Base64Url.DecodeFromChars(value) is { Length: HashLength } bytes
            ? (iterations, Base64Url.DecodeFromChars(salt), bytes)
            : null;
}

/// <summary>What comes of verifying a password.</summary>
public enum PasswordVerification
{
    /// <summary>It is another one.</summary>
    Wrong,

    /// <summary>It is the one.</summary>
    Right,

    /// <summary>It is the one, and its hash is to be made anew.</summary>
    RightButOutdated,
}

/// <summary>Verifies password hashes of another maker, such as bcrypt's or Argon2's: a host registers one for each kind that its
/// users bring along.</summary>
public interface IForeignPasswordHash
{
    /// <summary>Whether a hash is of this kind, by its beginning: <c>$2b$</c>, <c>$argon2id$</c>.</summary>
    /// <param name="hash">The hash.</param>
    bool Knows(string hash);

    /// <summary>Whether the password is the one that the hash was made of.</summary>
    /// <param name="hash">A hash that it knows.</param>
    /// <param name="password">The password that was given.</param>
    bool Verify(string hash, string password);
}
