using System.Diagnostics;

namespace Nexus.Data.Credentials;

/// <summary>What opens an account. Its text tells when it expires, and no token.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class OAuthTokens
{
    /// <summary>The token that calls carry. A secret.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public required string AccessToken { get; init; }

    /// <summary>The token that gets the next access token. A secret.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public required string RefreshToken { get; init; }

    /// <summary>When the access token ceases to be taken.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What the tokens allow; empty where the server did not say: then what is stored stays.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>When the access token expires; no token.</summary>
    public override string ToString() => $"Tokens that expire at {ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC";

    /// <exception cref="NexusDataException">A token cannot stand in a header (validation).</exception>
    internal void Check(string accountId)
    {
        if (!IsToken(AccessToken) || !IsToken(RefreshToken))
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"Account '{accountId}': the {(IsToken(AccessToken) ? "refresh" : "access")} token is empty, or has a character that no token has.");
        }
    }

    private static bool IsToken(string? text) => text is { Length: > 0 } && text.All(letter => letter is > ' ' and <= '~');
}
