using Nexus.Data.Credentials;

namespace Nexus.Data.Operations.Backups;

/// <summary>The tables with secrets, without these.</summary>
internal static class SecretRows
{
    /// <summary>What stands in place of a token, in the form of what a protector has made: nothing reads it, nothing sends it, and the
    /// doctor says for which accounts to log in anew.</summary>
    public const string NoToken = "no0:left-out";

    /// <summary>Links lead to accounts, and members to trains: these rows stay. Nothing leads to keys.</summary>
    public static IReadOnlyList<SelectedRows> All { get; } =
    [
        new(SecretContext.Credentials, $"{SecretContext.Credentials} t")
        {
            OnlyKnownColumns = true,
            Values = Of(
                (SecretContext.AccessTokenColumn, $"'{NoToken}'"), (SecretContext.RefreshTokenColumn, $"'{NoToken}'"),
                ("oauth_token_suffix", "NULL"), ("oauth_expires_at", "to_timestamp(0)")),
        },
        new(SecretContext.Trains, $"{SecretContext.Trains} t")
        {
            OnlyKnownColumns = true,
            Values = Of(
                (SecretContext.SlackWebhookColumn, "NULL"),
                ("slack_enabled", $"t.slack_enabled AND t.{SecretContext.SlackWebhookColumn} IS NULL")),
        },
        new("train_api_keys", "train_api_keys t WHERE false") { Values = Of(("api_key", "NULL"), ("key_hash", "NULL")) },
        new("users", "users t") { OnlyKnownColumns = true, Values = Of(("password_hash", "NULL")) },
    ];

    private static Dictionary<string, string> Of(params (string Column, string Value)[] values)
        => values.ToDictionary(value => value.Column, value => value.Value, StringComparer.Ordinal);
}
