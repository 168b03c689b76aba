using Microsoft.Extensions.Options;

namespace Nexus.Data.Credentials;

/// <summary>Who issues tokens, and to whom. Checked when the host starts.</summary>
public sealed class OAuthTokenClientOptions
{
    /// <summary>The section these options are bound from by convention.</summary>
    public const string SectionName = "Nexus:Data:Credentials:TokenClient";

    /// <summary>Where tokens are exchanged: https, or http on this machine.</summary>
    public Uri Endpoint { get; set; } = new("https://console.anthropic.com/v1/oauth/token");

    /// <summary>Who we are to the issuer.</summary>
    public string ClientId { get; set; } = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";

    /// <summary>How long an exchange may take, 1 second to 5 minutes.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);
}

/// <summary>Names every option that no exchange could be done with.</summary>
internal sealed class OAuthTokenClientOptionsValidation : IValidateOptions<OAuthTokenClientOptions>
{
    public ValidateOptionsResult Validate(string? name, OAuthTokenClientOptions options)
    {
        var failures = new List<string>();
        if (options.Endpoint is not { IsAbsoluteUri: true } endpoint
            || (endpoint.Scheme != Uri.UriSchemeHttps && !(endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback)))
        {
            failures.Add(
                $"{nameof(options.Endpoint)}: it has to be a whole https address; http is for this machine alone.");
        }

        if (string.IsNullOrWhiteSpace(options.ClientId))
        {
            failures.Add($"{nameof(options.ClientId)}: it is empty.");
        }

        if (options.Timeout < TimeSpan.FromSeconds(1) || options.Timeout > TimeSpan.FromMinutes(5))
        {
            failures.Add($"{nameof(options.Timeout)}: it has to be from 1 second to 5 minutes.");
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
