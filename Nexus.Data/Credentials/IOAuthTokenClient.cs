namespace Nexus.Data.Credentials;

/// <summary>Gets new tokens from whoever issues them. <see cref="OAuthTokenClient"/> unless a host registers its own.</summary>
public interface IOAuthTokenClient
{
    /// <summary>Exchanges a refresh token, which may cease to count thereby.</summary>
    /// <param name="refreshToken">The refresh token. A secret.</param>
    /// <param name="cancellationToken">Gives up. Whether the exchange took place is not known then.</param>
    /// <returns>The new tokens; the refresh token is the old one where there is no new one.</returns>
    /// <exception cref="OAuthTokenException">It was refused, or the issuer cannot be had.</exception>
    Task<OAuthTokens> RefreshAsync(string refreshToken, CancellationToken cancellationToken);
}
