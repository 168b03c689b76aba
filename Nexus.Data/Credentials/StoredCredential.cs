using System.Data.Common;
using System.Diagnostics;
using Nexus.Data.Persistence;

namespace Nexus.Data.Credentials;

/// <summary>A row of accounts as one look at it found it, with times judged by the database's clock.</summary>
[DebuggerDisplay("{ToString(),nq}")]
internal sealed class StoredCredential
{
    /// <summary>What <see cref="Read"/> reads, of <c>anthropic_credentials c</c>.</summary>
    public const string Columns =
        """
        c.id, c.account_id, c.account_name, c.oauth_access_token, c.oauth_refresh_token, c.oauth_token_suffix,
        c.oauth_expires_at, c.oauth_scopes, c.oauth_is_max, c.last_refresh_at, c.refresh_failed_at, c.refresh_failure,
        extract(epoch FROM c.oauth_expires_at - clock_timestamp())::float8,
        extract(epoch FROM clock_timestamp() - c.refresh_failed_at)::float8
        """;

    private static readonly TimeSpan _soon = TimeSpan.FromMinutes(5);

    private StoredCredential()
    {
    }

    public required Guid Id { get; init; }

    public required string AccountId { get; init; }

    public required string AccountName { get; init; }

    /// <summary>As it is stored.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public required string AccessToken { get; init; }

    /// <summary>As it is stored.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public required string RefreshToken { get; init; }

    public required string? TokenSuffix { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What was left of the access token's time; negative where it is over.</summary>
    public required TimeSpan Left { get; init; }

    public required string[] Scopes { get; init; }

    public required bool IsMax { get; init; }

    public required DateTimeOffset? LastRefreshAt { get; init; }

    public required DateTimeOffset? RefreshFailedAt { get; init; }

    /// <summary>How long ago the refresh failed; null where it did not since the last success.</summary>
    public required TimeSpan? SinceFailure { get; init; }

    public required string? RefreshFailure { get; init; }

    /// <summary>Reads the columns from a place on.</summary>
    public static StoredCredential Read(DbDataReader reader, int first = 0) => new()
    {
        Id = reader.GetGuid(first),
        AccountId = reader.GetString(first + 1),
        AccountName = reader.GetString(first + 2),
        AccessToken = reader.GetString(first + 3),
        RefreshToken = reader.GetString(first + 4),
        TokenSuffix = reader.TextOrNull(first + 5),
        ExpiresAt = reader.GetFieldValue<DateTimeOffset>(first + 6),
        Scopes = reader.GetFieldValue<string[]>(first + 7),
        IsMax = reader.ValueOrNull<bool>(first + 8) is not false,
        LastRefreshAt = reader.ValueOrNull<DateTimeOffset>(first + 9),
        RefreshFailedAt = reader.ValueOrNull<DateTimeOffset>(first + 10),
        RefreshFailure = reader.TextOrNull(first + 11),
        Left = Span(reader.GetDouble(first + 12)),
        SinceFailure = reader.IsDBNull(first + 13) ? null : Span(reader.GetDouble(first + 13)),
    };

    /// <summary>The last characters of a token, where enough others are left.</summary>
    public static string? SuffixOf(string accessToken) => accessToken.Length < 16 ? null : accessToken[^4..];

    public CredentialInfo ToInfo(ICredentialProtector protector) => new(
        Id, AccountId, AccountName,
        TokenSuffix ?? (protector.IsProtected(AccessToken) ? null : SuffixOf(AccessToken)),
        Left <= TimeSpan.Zero ? TokenState.Expired : Left < _soon ? TokenState.Expiring : TokenState.Valid,
        ExpiresAt, Scopes, IsMax,
        (SecretProtection)Math.Max((int)Protection(protector, AccessToken), (int)Protection(protector, RefreshToken)),
        LastRefreshAt, RefreshFailedAt, RefreshFailure);

    /// <summary>Whether the access token lasts for a while yet; of one that lasts no longer at all, for half of its time.</summary>
    public bool IsGoodFor(TimeSpan length)
        => Left > TimeSpan.Zero
            && (Left >= length || (LastRefreshAt is { } start && ExpiresAt > start && Left >= (ExpiresAt - start) / 2));

    public string Unprotect(ICredentialProtector protector)
        => protector.Unprotect(AccessToken, SecretContext.AccessToken(Id));

    public string UnprotectRefresh(ICredentialProtector protector)
        => protector.Unprotect(RefreshToken, SecretContext.RefreshToken(Id));

    public static SecretProtection Protection(ICredentialProtector protector, string stored)
        => !protector.IsProtected(stored) ? SecretProtection.Clear
            : protector.IsCurrent(stored) ? SecretProtection.Current
            : SecretProtection.OtherKey;

    public override string ToString() => $"Account {AccountId}";

    // Infinity and years beyond those of .NET are stored too.
    private static TimeSpan Span(double seconds)
        => TimeSpan.FromSeconds(Math.Clamp(seconds, -int.MaxValue, int.MaxValue));
}
