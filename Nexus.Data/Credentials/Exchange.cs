using System.Diagnostics;

namespace Nexus.Data.Credentials;

/// <summary>What the issuer gave for a refresh token.</summary>
[DebuggerDisplay("{ToString(),nq}")]
internal sealed class Exchange(StoredCredential row, string refreshToken, OAuthTokens tokens)
{
    public Guid Id { get; } = row.Id;

    public string AccountId { get; } = row.AccountId;

    /// <summary>When the tokens that the row had then were exchanged.</summary>
    public DateTimeOffset? LastRefreshAt { get; } = row.LastRefreshAt;

    /// <summary>The token that was given away for it.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string RefreshToken { get; } = refreshToken;

    public OAuthTokens Tokens { get; } = tokens;

    public override string ToString() => $"Account {AccountId}: {Tokens}";
}

/// <summary>There are tokens, and no database to store them in.</summary>
internal sealed class UnstoredTokensException(Exchange exchange, Exception cause)
    : Exception($"The new tokens of account '{exchange.AccountId}' could not be stored.", cause)
{
    public Exchange Exchange { get; } = exchange;
}
