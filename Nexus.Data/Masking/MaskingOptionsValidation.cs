using Microsoft.Extensions.Options;

namespace Nexus.Data.Masking;

/// <summary>Names every option that would mask otherwise than its author meant, when the host starts.</summary>
internal sealed class MaskingOptionsValidation : IValidateOptions<MaskingOptions>
{
    public const int MinKeyLength = 16;

    public ValidateOptionsResult Validate(string? name, MaskingOptions options)
    {
        var failures = new List<string>();
        Check(failures, "", options.ApiKeys, options.BearerTokens, options.PrivateKeys, options.UrlPasswords,
            options.EmailAddresses, options.CardNumbers);

        if (options.HeaderNames.Any(string.IsNullOrWhiteSpace))
        {
            failures.Add($"{nameof(MaskingOptions.HeaderNames)}: a name is empty.");
        }

        foreach (var (train, overrides) in options.Trains)
        {
            if (string.IsNullOrWhiteSpace(train))
            {
                failures.Add($"{nameof(MaskingOptions.Trains)}: a train's slug is empty.");
            }

            if (overrides is null)
            {
                failures.Add($"{nameof(MaskingOptions.Trains)}:{train}: says nothing; leave it out.");
                continue;
            }

            Check(failures, $"{nameof(MaskingOptions.Trains)}:{train}:", overrides.ApiKeys, overrides.BearerTokens,
                overrides.PrivateKeys, overrides.UrlPasswords, overrides.EmailAddresses, overrides.CardNumbers);
        }

        if (options.Key is { Length: < MinKeyLength } key)
        {
            failures.Add(
                $"{nameof(MaskingOptions.Key)}: has {key.Length} characters; it needs {MinKeyLength} or more.");
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }

    private static void Check(
        List<string> failures, string prefix, MaskingAction? apiKeys, MaskingAction? bearerTokens,
        MaskingAction? privateKeys, MaskingAction? urlPasswords, MaskingAction? emailAddresses,
        MaskingAction? cardNumbers)
    {
        Check(nameof(MaskingOptions.ApiKeys), apiKeys);
        Check(nameof(MaskingOptions.BearerTokens), bearerTokens);
        Check(nameof(MaskingOptions.PrivateKeys), privateKeys);
        Check(nameof(MaskingOptions.UrlPasswords), urlPasswords);
        Check(nameof(MaskingOptions.EmailAddresses), emailAddresses);
        Check(nameof(MaskingOptions.CardNumbers), cardNumbers);

        void Check(string property, MaskingAction? action)
        {
            if (action is { } value && !Enum.IsDefined(value))
            {
                failures.Add($"{prefix}{property}: there is no action {(int)value}; it is Off, Mask or Drop.");
            }
        }
    }
}
