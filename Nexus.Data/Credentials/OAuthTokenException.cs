namespace Nexus.Data.Credentials;

/// <summary>How an exchange of tokens failed.</summary>
public enum OAuthTokenFailure
{
    /// <summary>The issuer cannot be had, or did not answer as it should: a later try may do.</summary>
    Unavailable,

    /// <summary>The issuer refused the token: somebody has to log in again.</summary>
    Rejected,
}

/// <summary>Tokens could not be exchanged. The message has the status and the issuer's error code at most, and never a token
/// or a piece of an answer.</summary>
public sealed class OAuthTokenException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="failure">How the exchange failed.</param>
    /// <param name="message">One sentence without a secret: it is stored and shown.</param>
    /// <param name="innerException">The cause; null where there is none.</param>
    public OAuthTokenException(OAuthTokenFailure failure, string message, Exception? innerException = null)
        : base(message, innerException)
        => Failure = failure;

    /// <summary>How the exchange failed.</summary>
    public OAuthTokenFailure Failure { get; }
}
