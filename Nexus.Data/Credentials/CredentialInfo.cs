namespace Nexus.Data.Credentials;

/// <summary>How long an access token is good for, by the database's clock.</summary>
public enum TokenState
{
    /// <summary>For five minutes or more.</summary>
    Valid,

    /// <summary>For less than five minutes.</summary>
    Expiring,

    /// <summary>It is not taken any more.</summary>
    Expired,
}

/// <summary>How a secret is stored.</summary>
public enum SecretProtection
{
    /// <summary>Protected by the key that new values get.</summary>
    Current,

    /// <summary>Protected by another key.</summary>
    OtherKey,

    /// <summary>Not protected.</summary>
    Clear,
}

/// <summary>An account, without its tokens: fit to be shown and logged.</summary>
/// <param name="Id">Primary key.</param>
/// <param name="AccountId">The account's identifier.</param>
/// <param name="AccountName">The name that people read.</param>
/// <param name="TokenSuffix">The last four characters of the access token; null where it is shorter than sixteen.</param>
/// <param name="State">How long the access token is good for.</param>
/// <param name="ExpiresAt">When it ceases to be taken.</param>
/// <param name="Scopes">What the tokens allow.</param>
/// <param name="IsMax">Whether the account is on a Max plan.</param>
/// <param name="Protection">How the tokens are stored; the worse of the two.</param>
/// <param name="LastRefreshAt">When the tokens were last exchanged; null until then.</param>
/// <param name="RefreshFailedAt">When that last failed; null where it did not since the last success.</param>
/// <param name="RefreshFailure">Why, with no secret in it.</param>
public sealed record CredentialInfo(
    Guid Id, string AccountId, string AccountName, string? TokenSuffix, TokenState State, DateTimeOffset ExpiresAt,
    IReadOnlyList<string> Scopes, bool IsMax, SecretProtection Protection, DateTimeOffset? LastRefreshAt,
    DateTimeOffset? RefreshFailedAt, string? RefreshFailure);
