namespace Nexus.Data.Masking;

/// <summary>What a secret is.</summary>
public enum SecretKind
{
    /// <summary>A key of a provider or a service: Anthropic, OpenAI, AWS, GitHub, Slack, Stripe and others.</summary>
    ApiKey,

    /// <summary>What follows <c>Bearer</c> or <c>Basic</c>, and a signed JSON web token wherever it stands.</summary>
    BearerToken,

    /// <summary>A PEM block of a private key.</summary>
    PrivateKey,

    /// <summary>The password of an address such as <c>scheme://user:password@host</c>.</summary>
    UrlPassword,

    /// <summary>An e-mail address.</summary>
    EmailAddress,

    /// <summary>The number of a payment card.</summary>
    CardNumber,

    /// <summary>The value of a header or a query parameter that is masked by its name.</summary>
    Header,
}
