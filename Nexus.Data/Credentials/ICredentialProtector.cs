namespace Nexus.Data.Credentials;

/// <summary>
/// Turns secrets into what is stored, and back. <see cref="AesCredentialProtector"/> unless a host registers its own. What it
/// stores begins with two small letters, a digit and a colon of its own (<see cref="SecretContext.IsProtectedForm"/>), so that
/// values in clear, which an adopted database has, are told from protected ones, whoever has protected them.
/// </summary>
public interface ICredentialProtector
{
    /// <summary>The text to store for a secret.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="context">Where it will stand, as <see cref="SecretContext"/> names it: only there it can be read again.
    /// </param>
    /// <exception cref="NexusDataException">There is no key to protect it with (validation); the message says what to configure.</exception>
    string Protect(string secret, string context);

    /// <summary>The secret that a stored text stands for; a text in clear stands for itself.</summary>
    /// <param name="stored">What the column holds.</param>
    /// <param name="context">Where it stands.</param>
    /// <exception cref="NexusDataException">Its key is not configured, another protector has stored it, or the value was damaged
    /// or comes from another place (validation). The message names the place and the key's id, never the value.</exception>
    string Unprotect(string stored, string context);

    /// <summary>Whether a stored text is protected, by any key and any protector; false where it is in clear.</summary>
    bool IsProtected(string stored);

    /// <summary>Whether a stored text is protected by the key that <see cref="Protect"/> uses now.</summary>
    bool IsCurrent(string stored);
}
