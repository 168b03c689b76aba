using System.Globalization;

namespace Nexus.Data.Credentials;

/// <summary>
/// Names the place of a secret, as in <c>anthropic_credentials/0198…/oauth_access_token</c>. It is authenticated with the
/// secret, so that a value copied to another row or column is refused.
/// </summary>
public static class SecretContext
{
    internal const string Credentials = "anthropic_credentials";
    internal const string AccessTokenColumn = "oauth_access_token";
    internal const string RefreshTokenColumn = "oauth_refresh_token";
    internal const string Trains = "trains";
    internal const string SlackWebhookColumn = "slack_webhook_url";

    /// <summary>The place of an account's access token.</summary>
    /// <param name="credentialId">The credential's primary key.</param>
    public static string AccessToken(Guid credentialId) => Of(Credentials, credentialId, AccessTokenColumn);

    /// <summary>The place of an account's refresh token.</summary>
    /// <param name="credentialId">The credential's primary key.</param>
    public static string RefreshToken(Guid credentialId) => Of(Credentials, credentialId, RefreshTokenColumn);

    /// <summary>The place of a train's Slack webhook address.</summary>
    /// <param name="trainId">The train's primary key, and not its slug.</param>
    public static string SlackWebhook(Guid trainId) => Of(Trains, trainId, SlackWebhookColumn);

    /// <summary>Whether a stored text has the form that every protector gives to what it protects: two small letters, a digit
    /// and a colon. No token and no address begins so, and what another protector has stored is not taken for clear text.
    /// </summary>
    /// <param name="stored">What the column holds.</param>
    public static bool IsProtectedForm(string stored)
    {
        ArgumentNullException.ThrowIfNull(stored);

        return stored is [>= 'a' and <= 'z', >= 'a' and <= 'z', >= '0' and <= '9', ':', ..];
    }

    /// <summary>A place.</summary>
    /// <param name="table">The table.</param>
    /// <param name="id">The row's primary key.</param>
    /// <param name="column">The column.</param>
    public static string Of(string table, Guid id, string column)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(table);
        ArgumentException.ThrowIfNullOrWhiteSpace(column);

        return string.Create(CultureInfo.InvariantCulture, $"{table}/{id:D}/{column}");
    }
}
