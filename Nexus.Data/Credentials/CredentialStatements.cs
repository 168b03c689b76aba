namespace Nexus.Data.Credentials;

/// <summary>What is asked of and told to the table of accounts.</summary>
internal static class CredentialStatements
{
    public const string ByAccount =
        $"SELECT {StoredCredential.Columns} FROM anthropic_credentials c WHERE c.account_id = @account";

    public const string ById = $"SELECT {StoredCredential.Columns} FROM anthropic_credentials c WHERE c.id = @id";

    // Those who link an account to a train need not wait.
    public const string Locked = ById + " FOR NO KEY UPDATE";

    public const string All =
        $"""SELECT {StoredCredential.Columns} FROM anthropic_credentials c ORDER BY c.account_name COLLATE "C" """;

    public const string OfTrain =
        $"""
        SELECT t.disabled_at IS NOT NULL, {StoredCredential.Columns}
        FROM trains t
        LEFT JOIN train_accounts a ON a.train_id = t.id
        LEFT JOIN anthropic_credentials c ON c.id = a.credential_id
        WHERE t.train_id = @train
        ORDER BY c.account_name COLLATE "C"
        """;

    public const string Insert =
        """
        INSERT INTO anthropic_credentials (id, account_id, account_name, oauth_access_token, oauth_refresh_token,
            oauth_token_suffix, oauth_expires_at, oauth_scopes, oauth_is_max, created_at, updated_at)
        VALUES (@id, @account, @name, @access, @refresh, @suffix, @expires, @scopes, @max, clock_timestamp(), clock_timestamp())
        ON CONFLICT DO NOTHING
        """;

    public const string FindTaken =
        "SELECT EXISTS (SELECT FROM anthropic_credentials WHERE account_id = @account)";

    public const string Update =
        """
        UPDATE anthropic_credentials
        SET oauth_access_token = @access, oauth_refresh_token = @refresh, oauth_token_suffix = @suffix,
            oauth_expires_at = @expires, oauth_scopes = CASE WHEN cardinality(@scopes) = 0 THEN oauth_scopes ELSE @scopes END,
            updated_at = clock_timestamp(), last_refresh_at = clock_timestamp(),
            refresh_failed_at = NULL, refresh_failure = NULL
        WHERE id = @id
        """;

    // Changes nothing, and fails where Update would.
    public const string MayStore =
        """
        UPDATE anthropic_credentials
        SET oauth_access_token = oauth_access_token, oauth_refresh_token = oauth_refresh_token,
            oauth_token_suffix = oauth_token_suffix, oauth_expires_at = oauth_expires_at, oauth_scopes = oauth_scopes,
            updated_at = updated_at, last_refresh_at = last_refresh_at, refresh_failed_at = refresh_failed_at,
            refresh_failure = refresh_failure
        WHERE false
        """;

    public const string Fail =
        """
        UPDATE anthropic_credentials SET refresh_failed_at = clock_timestamp(), refresh_failure = @failure WHERE id = @id
        """;

    public const string Rename =
        """
        UPDATE anthropic_credentials SET account_name = @name, updated_at = clock_timestamp() WHERE account_id = @account
        """;

    public const string Delete = "DELETE FROM anthropic_credentials WHERE account_id = @account";
}
