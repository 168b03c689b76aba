namespace Nexus.Data.Masking;

/// <summary>Which secrets are replaced before anything is stored. Read once, when the masker is made.</summary>
public sealed class MaskingOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data:Masking";

    /// <summary>Headers whose values are masked whole, in any case of their letters.</summary>
    public ISet<string> HeaderNames { get; } = new HashSet<string>(
        [
            "authorization", "proxy-authorization", "x-authorization", "x-api-key", "api-key", "apikey", "x-apikey",
            "anthropic-api-key", "openai-api-key", "x-goog-api-key", "ocp-apim-subscription-key", "cookie",
            "set-cookie", "x-amz-security-token", "x-auth-token", "x-access-token", "x-refresh-token", "x-session-token",
            "x-csrf-token", "x-xsrf-token", "x-gitlab-token", "x-vault-token", "x-amz-signature", "x-hub-signature",
            "x-hub-signature-256", "x-forwarded-access-token", "x-ms-token-aad-access-token", "cf-access-client-secret",
            "cf-access-jwt-assertion", "x-client-secret",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Keys of providers and services. <see cref="MaskingAction.Mask"/> unless set.</summary>
    public MaskingAction ApiKeys { get; set; } = MaskingAction.Mask;

    /// <summary>Bearer and basic credentials and web tokens. <see cref="MaskingAction.Mask"/> unless set.</summary>
    public MaskingAction BearerTokens { get; set; } = MaskingAction.Mask;

    /// <summary>PEM blocks of private keys. <see cref="MaskingAction.Mask"/> unless set.</summary>
    public MaskingAction PrivateKeys { get; set; } = MaskingAction.Mask;

    /// <summary>Passwords in addresses. <see cref="MaskingAction.Mask"/> unless set.</summary>
    public MaskingAction UrlPasswords { get; set; } = MaskingAction.Mask;

    /// <summary>E-mail addresses. <see cref="MaskingAction.Off"/> unless set.</summary>
    public MaskingAction EmailAddresses { get; set; }

    /// <summary>Numbers of payment cards, JSON numbers included. <see cref="MaskingAction.Off"/> unless set.</summary>
    public MaskingAction CardNumbers { get; set; }

    /// <summary>What single trains have otherwise, by their slug, in any case of its letters.</summary>
    public IDictionary<string, MaskingOverrides> Trains { get; } =
        new Dictionary<string, MaskingOverrides>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// At least 16 characters, or null. With a key, a mask carries eight hexadecimal digits that tell one secret of a
    /// train from another without giving either away; another key gives other digits.
    /// </summary>
    public string? Key { get; set; }
}
