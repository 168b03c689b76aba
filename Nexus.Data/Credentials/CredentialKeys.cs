using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Nexus.Data.Credentials;

/// <summary>Keys that protect credentials, as <see cref="CredentialProtectionOptions"/> gives them.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed partial class CredentialKeys
{
    private const int KeyLength = 32;

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);

    private CredentialKeys()
    {
    }

    /// <summary>The id of the key that protects what is written; null where there is no key.</summary>
    internal string? CurrentId { get; private set; }

    /// <summary>A new key, as a line of a key file: <c>id:base64</c>. The line is a secret.</summary>
    /// <param name="id">The key's id; null for one made up.</param>
    /// <exception cref="ArgumentException">The id has a character that no id has, or is too long.</exception>
    public static string Generate(string? id = null)
    {
        id ??= $"key-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        return Id().IsMatch(id)
            ? $"{id}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyLength))}"
            : throw new ArgumentException(
                "A key's id is 1 to 32 letters, digits, dots, hyphens and underscores.", nameof(id));
    }

    /// <summary>Reads the keys. What is wrong is added to the failures, which quote no key and nothing that could be one.
    /// </summary>
    internal static CredentialKeys Read(CredentialProtectionOptions options, ICollection<string> failures)
    {
        var keys = new CredentialKeys();
        foreach (var (id, text) in options.Keys)
        {
            keys.Add(
                id, text,
                // What stands in the wrong place may be the key itself.
                Id().IsMatch(id) ? $"{nameof(options.Keys)}:{id}" : nameof(options.Keys), failures);
        }

        var first = options.KeyFile is null ? null : keys.AddFile(options.KeyFile, failures);
        keys.CurrentId = options.CurrentKeyId ?? first ?? (keys._keys.Count == 1 ? keys._keys.Keys.Single() : null);
        if (options.CurrentKeyId is { } current && !keys._keys.ContainsKey(current))
        {
            failures.Add($"{nameof(options.CurrentKeyId)}: there is no key of this id.");
        }
        else if (keys.CurrentId is null && keys._keys.Count > 1)
        {
            failures.Add($"{nameof(options.CurrentKeyId)}: there are several keys, and it does not say which protects new values.");
        }

        return keys;
    }

    internal byte[]? Find(string id) => _keys.GetValueOrDefault(id);

    /// <summary>How many keys there are, and none of them.</summary>
    public override string ToString() => $"{_keys.Count} keys, current {CurrentId ?? "none"}";

    // The id of the first one.
    private string? AddFile(string path, ICollection<string> failures)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            failures.Add($"{nameof(CredentialProtectionOptions.KeyFile)}: it cannot be read ({exception.GetType().Name}).");
            return null;
        }

        var first = default(string);
        var hasLine = false;
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = lines[number - 1].Trim();
            if (line.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var id = colon < 0 ? "" : line[..colon].TrimEnd();
            if (Add(id, line[(colon + 1)..], $"{nameof(CredentialProtectionOptions.KeyFile)}, line {number}", failures)
                && !hasLine)
            {
                first = id;
            }

            hasLine = true;
        }

        if (!hasLine)
        {
            failures.Add($"{nameof(CredentialProtectionOptions.KeyFile)}: it has no key.");
        }

        return first;
    }

    private bool Add(string id, string? text, string place, ICollection<string> failures)
    {
        if (!Id().IsMatch(id))
        {
            failures.Add(
                $"{place}: the id is not 1 to 32 letters, digits, dots, hyphens and underscores; a key is written id:base64.");
            return false;
        }

        if (KeyOf(text) is not { } key)
        {
            failures.Add($"{place}: the key is not {KeyLength} bytes in base64.");
            return false;
        }

        if (_keys.TryGetValue(id, out var other) && !CryptographicOperations.FixedTimeEquals(key, other))
        {
            failures.Add($"{place}: the id '{id}' has another key elsewhere.");
            return false;
        }

        _keys[id] = key;
        return true;
    }

    private static byte[]? KeyOf(string? text)
    {
        var key = new byte[KeyLength + 1];
        text = text?.Trim() ?? "";
        return Convert.TryFromBase64String(text, key, out var length) && length == KeyLength
            || Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, key, out length) && length == KeyLength
                ? key[..KeyLength]
                : null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,32}\z")]
    internal static partial Regex Id();
}
