using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Masking;

/// <summary>What one train does about each kind, and what it writes instead.</summary>
internal readonly struct MaskingPlan(MaskingAction[] actions, byte[]? key, string trainId)
{
    private const int FingerprintBytes = 4;

    private static readonly string[] _labels =
    [
        "api key", "bearer token", "private key", "url password", "e-mail address", "card number", "",
    ];

    private static readonly SearchValues<char> _hexDigits = SearchValues.Create("0123456789abcdef");

    public MaskingAction this[SecretKind kind] => actions[(int)kind];

    public bool LooksFor(SecretKind kind) => actions[(int)kind] != MaskingAction.Off;

    /// <summary>Actions by kind. Headers are masked by their name, which no train overrides.</summary>
    public static MaskingAction[] ActionsOf(MaskingOptions options, MaskingOverrides? overrides)
        =>
        [
            overrides?.ApiKeys ?? options.ApiKeys,
            overrides?.BearerTokens ?? options.BearerTokens,
            overrides?.PrivateKeys ?? options.PrivateKeys,
            overrides?.UrlPasswords ?? options.UrlPasswords,
            overrides?.EmailAddresses ?? options.EmailAddresses,
            overrides?.CardNumbers ?? options.CardNumbers,
            MaskingAction.Mask,
        ];

    /// <summary>What stands for a secret; the same for the same secret of the train.</summary>
    public string MaskOf(SecretKind kind, ReadOnlySpan<byte> secret)
    {
        var label = _labels[(int)kind];
        var space = label.Length > 0 ? " " : "";
        return key is null
            ? $"[masked{space}{label}]"
            : $"[masked{space}{label} {Fingerprint(kind, secret)}]";
    }

    public static string DropMark(SecretKind kind) => $"[dropped: {_labels[(int)kind]}]";

    /// <summary>Whether a value as a whole is what an earlier masking left.</summary>
    public static bool IsMask(ReadOnlySpan<char> value)
    {
        if (value is not ['[', .., ']'])
        {
            return false;
        }

        value = value[1..^1];
        if (value.StartsWith("dropped: ", StringComparison.Ordinal))
        {
            return IsLabel(value["dropped: ".Length..]);
        }

        if (!value.StartsWith("masked", StringComparison.Ordinal))
        {
            return false;
        }

        value = value["masked".Length..].TrimStart(' ');
        if (value.Length >= 2 * FingerprintBytes && !value[^(2 * FingerprintBytes)..].ContainsAnyExcept(_hexDigits))
        {
            value = value[..^(2 * FingerprintBytes)].TrimEnd(' ');
        }

        return IsLabel(value);
    }

    private static bool IsLabel(ReadOnlySpan<char> text)
    {
        foreach (var label in _labels)
        {
            if (text.SequenceEqual(label))
            {
                return true;
            }
        }

        return false;
    }

    private string Fingerprint(SecretKind kind, ReadOnlySpan<byte> secret)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key!);
        hash.AppendData(Encoding.UTF8.GetBytes(trainId));
        hash.AppendData([0, (byte)kind, 0]);
        hash.AppendData(secret);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, FingerprintBytes));
    }
}
