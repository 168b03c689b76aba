using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Nexus.Data.Credentials;

namespace Nexus.Data.Seeding.Credentials;

/// <summary>Protects tokens that are made up by a key that everybody may know: the same token at the same place is the same text each
/// time. What it stores has the form of <see cref="AesCredentialProtector"/>, which reads it where the key is configured.</summary>
/// <remarks>A nonce that follows from what is protected and a key that is printed here keep nothing secret: neither has a place in
/// production.</remarks>
public sealed class SeedCredentialProtector : ICredentialProtector
{
    /// <summary>The key's id, as it stands in what is stored.</summary>
    public const string KeyId = "seed";

    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const string Head = $"{AesCredentialProtector.Prefix}{KeyId}:";

    private static readonly byte[] _key = SHA256.HashData("nexus seed"u8);
    private static readonly AesCredentialProtector _reader = new(Microsoft.Extensions.Options.Options.Create(Options()));

    /// <summary>The key in base64, for <see cref="CredentialProtectionOptions.Keys"/> of a host that is to read the tokens.</summary>
    public static string Key => Convert.ToBase64String(_key);

    /// <inheritdoc />
    public string Protect(string secret, string context)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrWhiteSpace(context);
        var plain = Encoding.UTF8.GetBytes(secret);
        var stored = new byte[NonceLength + plain.Length + TagLength];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{context}\n{secret}")).AsSpan(0, NonceLength).CopyTo(stored);
        using var aes = new AesGcm(_key, TagLength);
        aes.Encrypt(
            stored.AsSpan(0, NonceLength), plain, stored.AsSpan(NonceLength, plain.Length), stored.AsSpan(NonceLength + plain.Length),
            Encoding.UTF8.GetBytes(Head + context));
        return Head + Base64Url.EncodeToString(stored);
    }

    /// <inheritdoc />
    public string Unprotect(string stored, string context) => _reader.Unprotect(stored, context);

    /// <inheritdoc />
    public bool IsProtected(string stored) => _reader.IsProtected(stored);

    /// <inheritdoc />
    public bool IsCurrent(string stored) => _reader.IsCurrent(stored);

    /// <summary>The protector that was given, but one of these where there is none, or an <see cref="AesCredentialProtector"/> without
    /// any key. Another one that cannot protect says so when it is to.</summary>
    internal static ICredentialProtector Or(ICredentialProtector? protector)
        => protector is null or AesCredentialProtector { HasKey: false } ? new SeedCredentialProtector() : protector;

    private static CredentialProtectionOptions Options() => new() { Keys = { [KeyId] = Key } };
}
