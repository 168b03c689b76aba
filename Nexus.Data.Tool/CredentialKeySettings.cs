using Nexus.Data.Credentials;

namespace Nexus.Data.Tool;

/// <summary>Where the tool learns the keys that protect credentials, and who issues tokens.</summary>
internal static class CredentialKeySettings
{
    public const string FileVariable = "NEXUS_CREDENTIAL_KEY_FILE";
    public const string KeysVariable = "NEXUS_CREDENTIAL_KEYS";
    public const string EndpointVariable = "NEXUS_OAUTH_TOKEN_URL";
    public const string ClientVariable = "CLAUDE_OAUTH_CLIENT_ID";

    public static void Apply(CredentialProtectionOptions options, Func<string, string?> environment)
    {
        options.KeyFile = Value(FileVariable, environment);
        var keys = (Value(KeysVariable, environment) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (var i = 0; i < keys.Length; i++)
        {
            var colon = keys[i].IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                // It may be a key.
                throw new ToolException(
                    ExitCode.WrongUsage, $"{KeysVariable}: key {i + 1} has no id; a key is written id:base64.");
            }

            options.Keys[keys[i][..colon]] = keys[i][(colon + 1)..];
            if (i == 0 && options.KeyFile is null)
            {
                options.CurrentKeyId = keys[i][..colon];
            }
        }
    }

    public static void Apply(OAuthTokenClientOptions options, Func<string, string?> environment)
    {
        options.ClientId = Value(ClientVariable, environment) ?? options.ClientId;
        if (Value(EndpointVariable, environment) is { } text)
        {
            options.Endpoint = Uri.TryCreate(text, UriKind.Absolute, out var endpoint)
                ? endpoint
                : throw new ToolException(ExitCode.WrongUsage, $"{EndpointVariable} is no whole address.");
        }
    }

    private static string? Value(string name, Func<string, string?> environment)
        => environment(name)?.Trim() is { Length: > 0 } value ? value : null;
}
