namespace Nexus.Data.Masking;

/// <summary>What one train has otherwise than <see cref="MaskingOptions"/> says. Null is the default of all.</summary>
public sealed class MaskingOverrides
{
    /// <inheritdoc cref="MaskingOptions.ApiKeys"/>
    public MaskingAction? ApiKeys { get; set; }

    /// <inheritdoc cref="MaskingOptions.BearerTokens"/>
    public MaskingAction? BearerTokens { get; set; }

    /// <inheritdoc cref="MaskingOptions.PrivateKeys"/>
    public MaskingAction? PrivateKeys { get; set; }

    /// <inheritdoc cref="MaskingOptions.UrlPasswords"/>
    public MaskingAction? UrlPasswords { get; set; }

    /// <inheritdoc cref="MaskingOptions.EmailAddresses"/>
    public MaskingAction? EmailAddresses { get; set; }

    /// <inheritdoc cref="MaskingOptions.CardNumbers"/>
    public MaskingAction? CardNumbers { get; set; }
}
