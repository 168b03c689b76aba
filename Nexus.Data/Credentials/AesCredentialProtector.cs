using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Nexus.Data.Credentials;

/// <summary>
/// AES-256 in GCM with a random nonce of 96 bits. Stored is <c>nx1:KEY-ID:</c> and nonce, ciphertext and tag in base64url;
/// what stands before them and the place of the value are authenticated with it.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed partial class AesCredentialProtector : ICredentialProtector
{
    internal const string Prefix = "nx1:";

    private const int NonceLength = 12;
    private const int TagLength = 16;

    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly CredentialKeys _keys;

    /// <summary>Creates the protector.</summary>
    /// <param name="options">The keys. A file of keys is read here and not again.</param>
    /// <exception cref="OptionsValidationException">A key cannot be used; the message names it.</exception>
    public AesCredentialProtector(IOptions<CredentialProtectionOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);

        var failures = new List<string>();
        _keys = CredentialKeys.Read(options.Value, failures);
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(
                Options.DefaultName, typeof(CredentialProtectionOptions), failures);
        }
    }

    /// <summary>Whether there is a key for what is written.</summary>
    internal bool HasKey => _keys.CurrentId is not null;

    /// <inheritdoc />
    public string Protect(string secret, string context)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrWhiteSpace(context);

        if (_keys.CurrentId is not { } id)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"No key protects {context}, and nothing secret is stored in clear: name a key file in the option "
                + $"{CredentialProtectionOptions.SectionName}:{nameof(CredentialProtectionOptions.KeyFile)}; "
                + "'nexus-data credentials keygen' makes a line for it.");
        }

        var head = $"{Prefix}{id}:";
        var plain = _utf8.GetBytes(secret);
        var sealedBytes = new byte[NonceLength + plain.Length + TagLength];
        var nonce = sealedBytes.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_keys.Find(id)!, TagLength);
        aes.Encrypt(
            nonce, plain, sealedBytes.AsSpan(NonceLength, plain.Length), sealedBytes.AsSpan(NonceLength + plain.Length),
            _utf8.GetBytes(head + context));
        return head + Base64Url.EncodeToString(sealedBytes);
    }

    /// <inheritdoc />
    public string Unprotect(string stored, string context)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentException.ThrowIfNullOrWhiteSpace(context);

        if (!stored.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return Remains().IsMatch(stored) ? throw Damaged(context, id: null)
                : !SecretContext.IsProtectedForm(stored) ? stored
                : throw new NexusDataException(
                    NexusDataErrorKind.Validation,
                    $"{context} was stored by another protector, in the form '{stored[..3]}': only the programs that have that one can read it.");
        }

        var id = KeyIdOf(stored);
        if (id is null)
        {
            throw Damaged(context, id);
        }

        var key = _keys.Find(id) ?? throw new NexusDataException(
            NexusDataErrorKind.Validation,
            $"{context} is protected by the key '{id}', which is not configured.");
        var text = stored.AsSpan(Prefix.Length + id.Length + 1);
        var sealedBytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];

        // One text for one value: what decodes to the same bytes by other letters is refused too.
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, sealedBytes, out var length)
            || length < NonceLength + TagLength
            || !text.SequenceEqual(Base64Url.EncodeToString(sealedBytes.AsSpan(0, length))))
        {
            throw Damaged(context, id);
        }

        var plain = new byte[length - NonceLength - TagLength];
        try
        {
            using var aes = new AesGcm(key, TagLength);
            aes.Decrypt(
                sealedBytes.AsSpan(0, NonceLength), sealedBytes.AsSpan(NonceLength, plain.Length),
                sealedBytes.AsSpan(NonceLength + plain.Length, TagLength), plain,
                _utf8.GetBytes($"{Prefix}{id}:{context}"));
            return _utf8.GetString(plain);
        }
        catch (CryptographicException)
        {
            throw Damaged(context, id);
        }
    }

    /// <inheritdoc />
    public bool IsProtected(string stored)
    {
        ArgumentNullException.ThrowIfNull(stored);

        return SecretContext.IsProtectedForm(stored);
    }

    /// <inheritdoc />
    public bool IsCurrent(string stored) => IsProtected(stored) && KeyIdOf(stored) is { } id && id == _keys.CurrentId;

    /// <summary>How many keys there are, and none of them.</summary>
    public override string ToString() => $"AES-256-GCM, {_keys}";

    /// <summary>The id of the key that a value of ours names; null where it names none.</summary>
    internal static string? KeyIdOf(string stored)
    {
        if (!stored.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var end = stored.IndexOf(':', Prefix.Length);
        return end > 0 && stored[Prefix.Length..end] is var id && CredentialKeys.Id().IsMatch(id) ? id : null;
    }

    // The same words whatever it was: which part does not match is nobody's business.
    private static NexusDataException Damaged(string context, string? id) => new(
        NexusDataErrorKind.Validation,
        $"{context} cannot be read{(id is null ? "" : $" by the key '{id}'")}: it was damaged, comes from another row or column, "
        + "or the key of this id is another one.");

    // A value of ours whose first letters were damaged must not pass for a secret in clear.
    [GeneratedRegex(@"^(.x1:|n.1:|nx.:|nx1.)[A-Za-z0-9._-]{1,32}:[A-Za-z0-9_-]{38,}\z", RegexOptions.Singleline)]
    private static partial Regex Remains();
}
