using Microsoft.Extensions.Options;

namespace Nexus.Data.Credentials;

/// <summary>Names every key that cannot be used when the host starts, and quotes none.</summary>
internal sealed class CredentialProtectionOptionsValidation : IValidateOptions<CredentialProtectionOptions>
{
    public ValidateOptionsResult Validate(string? name, CredentialProtectionOptions options)
    {
        var failures = new List<string>();
        CredentialKeys.Read(options, failures);
        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
