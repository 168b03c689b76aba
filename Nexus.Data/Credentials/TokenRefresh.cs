using System.Diagnostics;

namespace Nexus.Data.Credentials;

/// <summary>How a refresh ended.</summary>
/// <param name="AccountId">The account's identifier.</param>
/// <param name="IsRefreshed">Whether the tokens were exchanged now, by whichever process; false where they were good enough.
/// </param>
/// <param name="ExpiresAt">When the access token ceases to be taken.</param>
public sealed record TokenRefresh(string AccountId, bool IsRefreshed, DateTimeOffset ExpiresAt);

/// <summary>A token that can be used, and where it comes from.</summary>
[DebuggerDisplay("expires at {ExpiresAt}")]
internal sealed class FreshToken(string token, DateTimeOffset expiresAt, bool isRefreshed, bool isStored = true)
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string Token { get; } = token;

    public DateTimeOffset ExpiresAt { get; } = expiresAt;

    public bool IsRefreshed { get; } = isRefreshed;

    public bool IsStored { get; } = isStored;
}
