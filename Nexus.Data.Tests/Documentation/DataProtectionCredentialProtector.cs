using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Nexus.Data.Credentials;

namespace Nexus.Data.Tests.Documentation;

// doc:data-protection
/// <summary>Protects credentials by ASP.NET Data Protection, which keeps and renews the keys itself.</summary>
public sealed class DataProtectionCredentialProtector(IDataProtectionProvider provider) : ICredentialProtector
{
    private const string Prefix = "dp1:";

    public string Protect(string secret, string context) => Prefix + For(context).Protect(secret);

    public string Unprotect(string stored, string context)
    {
        try
        {
            return IsProtected(stored) ? For(context).Unprotect(Own(stored, context)) : stored;
        }
        catch (CryptographicException exception)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Validation, $"{context} cannot be read by Data Protection.", exception);
        }
    }

    public bool IsProtected(string stored) => SecretContext.IsProtectedForm(stored);

    public bool IsCurrent(string stored) => stored.StartsWith(Prefix, StringComparison.Ordinal);

    private static string Own(string stored, string context)
        => stored.StartsWith(Prefix, StringComparison.Ordinal)
            ? stored[Prefix.Length..]
            : throw new NexusDataException(NexusDataErrorKind.Validation, $"{context} was stored by another protector.");

    // The place is the purpose: elsewhere the value cannot be read.
    private IDataProtector For(string context) => provider.CreateProtector("Nexus.Data.Credentials", context);
}
// doc:end
