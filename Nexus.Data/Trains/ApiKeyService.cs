using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Data.Persistence;

namespace Nexus.Data.Trains;

/// <summary>
/// Makes API keys, verifies them and takes them back. A key is shown once, when it is made; what is kept is its SHA-256.
/// Whether the caller may do it is not asked: <see cref="TrainAccess"/> answers that.
/// </summary>
public sealed class ApiKeyService
{
    // One row at most, by the unique index of the hashes. A key that is used much is touched once a minute, by whoever comes
    // first: the others neither write nor wait.
    private const string Verify =
        """
        WITH shown AS (
            SELECT key.id, train.train_id, key.name, key.created_by, key.expires_at,
                   CASE WHEN key.revoked_at IS NOT NULL THEN 'revoked'
                        WHEN key.expires_at <= now() THEN 'expired'
                        WHEN train.disabled_at IS NOT NULL THEN 'train_disabled' ELSE 'ok' END AS outcome,
                   key.last_used_at IS NULL OR key.last_used_at < now() - interval '1 minute' AS is_untouched
            FROM train_api_keys key JOIN trains train ON train.id = key.train_id
            WHERE key.key_hash = @hash
        ), touched AS (
            UPDATE train_api_keys SET last_used_at = now() WHERE id = (
                SELECT key.id FROM train_api_keys key
                WHERE key.id = (SELECT id FROM shown WHERE outcome = 'ok' AND is_untouched)
                  AND (key.last_used_at IS NULL OR key.last_used_at < now() - interval '1 minute')
                FOR NO KEY UPDATE SKIP LOCKED)
        )
        SELECT id, train_id, name, created_by, expires_at, outcome FROM shown
        """;

    private readonly UnitOfWork _work;
    private readonly ILogger _log;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="log">Told why a known key was refused, by its id; null for nobody.</param>
    public ApiKeyService(IDbContextFactory<NexusDbContext> contexts, ILogger<ApiKeyService>? log = null)
        : this(new UnitOfWork(contexts), log ?? (ILogger)NullLogger.Instance)
    {
    }

    private ApiKeyService(UnitOfWork work, ILogger log)
    {
        _work = work;
        _log = log;
    }

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    public ApiKeyService In(NexusDbContext db) => new(new UnitOfWork(db), _log);

    /// <summary>Makes a key that is stored nowhere: for what has its own place for keys.</summary>
    /// <param name="prefix">What it begins with, as in <see cref="ApiKeyOptions.Prefix"/>.</param>
    /// <exception cref="NexusDataException">No key can begin so (validation).</exception>
    public static string Generate(string prefix) => ApiKeyText.Create(Prefix(prefix));

    /// <summary>Makes a key for a train.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="options">What it is for; null for nothing in particular.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The key, this once.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found), or a value is wrong (validation).</exception>
    public async Task<NewApiKey> CreateAsync(
        string trainId, ApiKeyOptions? options = null, CancellationToken cancellationToken = default)
        => (await CreateManyAsync(trainId, 1, options, cancellationToken))[0];

    /// <summary>Makes several keys for a train, all or none.</summary>
    /// <param name="trainId">The train's slug.</param>
    /// <param name="count">How many, 1 to 10,000.</param>
    /// <param name="options">What they are for; null for nothing in particular.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The keys, this once.</returns>
    /// <exception cref="NexusDataException">There is no such train (not found), or a value is wrong (validation).</exception>
    public Task<IReadOnlyList<NewApiKey>> CreateManyAsync(
        string trainId, int count, ApiKeyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainId);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 10_000);
        options ??= new();
        var texts = Enumerable.Range(0, count)
            .ToDictionary(_ => Guid.CreateVersion7(), _ => Generate(options.Prefix));
        var name = TextField.Optional(options.Name, 255, "API key's name");
        var createdBy = TextField.Optional(options.CreatedBy, 255, "name of who makes the API key");
        return _work.DoAsync<IReadOnlyList<NewApiKey>>(
            async (db, token) =>
            {
                var inserted = await db.ExecuteAsync(
                    """
                    WITH train AS (SELECT id FROM trains WHERE train_id = @train FOR KEY SHARE)
                    INSERT INTO train_api_keys (id, train_id, key_hash, key_prefix, key_suffix, name, created_by, expires_at)
                    SELECT new.id, train.id, new.hash, @prefix, new.suffix, @name, @by, @expires
                    FROM train, unnest(@ids, @hashes, @suffixes) AS new (id, hash, suffix)
                    WHERE @expires IS NULL OR @expires > now()
                    """,
                    [
                        DbCommands.Sought("train", trainId), DbCommands.Uuids("ids", [.. texts.Keys]),
                        DbCommands.BytesList("hashes", [.. texts.Values.Select(ApiKeyText.Hash)]),
                        DbCommands.Texts("suffixes", [.. texts.Values.Select(ApiKeyText.Suffix)]),
                        DbCommands.Text("prefix", $"{options.Prefix}_"), DbCommands.Text("name", name),
                        DbCommands.Text("by", createdBy), DbCommands.OptionalTime("expires", options.ExpiresAt),
                    ],
                    token);
                if (inserted == 0)
                {
                    var slug = TextField.Sought(trainId);
                    throw await db.Trains.AnyAsync(train => train.TrainId == slug, token)
                        ? new NexusDataException(
                            NexusDataErrorKind.Validation,
                            $"The API key would have expired on {options.ExpiresAt:u}, before it was made.")
                        : TrainErrors.NotFound(trainId);
                }

                var made = await ReadAsync(db, key => texts.Keys.Contains(key.Id), token);
                return [.. made.Select(info => new NewApiKey { Key = texts[info.Id], Info = info })];
            },
            cancellationToken);
    }

    /// <summary>Whom a key speaks for. One round trip; notes at most once a minute that the key was used.</summary>
    /// <param name="key">What a client showed, without the word Bearer. Anything: it is compared by its hash.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Null for whatever is not to be let in: nothing that looks like a key, a key that is not known, was revoked, has
    /// expired, or whose train is disabled. Log and meter tell these apart, for nobody outside.</returns>
    public async Task<VerifiedApiKey?> VerifyAsync(string? key, CancellationToken cancellationToken = default)
    {
        if (!ApiKeyText.MayBeKey(key))
        {
            ApiKeyMetrics.Count("malformed");
            return null;
        }

        var hash = ApiKeyText.Hash(key!);
        var (verified, outcome) = await _work.ReadAsync(
            (db, token) => db.ReadAsync<(VerifiedApiKey?, string)>(
                Verify, [DbCommands.Bytes("hash", hash)],
                async (reader, inner) => await reader.ReadAsync(inner)
                    ? (new(
                        reader.GetGuid(0), reader.GetString(1), reader.TextOrNull(2), reader.TextOrNull(3),
                        reader.ValueOrNull<DateTimeOffset>(4)), reader.GetString(5))
                    : (null, "unknown"),
                token),
            cancellationToken);
        ApiKeyMetrics.Count(outcome);
        if (outcome == "ok")
        {
            return verified;
        }

        if (verified is not null)
        {
            ApiKeyMetrics.Refused(_log, verified.Id, verified.TrainId, outcome);
        }

        return null;
    }

    /// <summary>Lists keys, newest first.</summary>
    /// <param name="trainId">The slug of their train; null for the keys of all trains.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<IReadOnlyList<ApiKeyInfo>> ListAsync(
        string? trainId = null, CancellationToken cancellationToken = default)
        => _work.ReadAsync((db, token) => ReadAsync(db, trainId, _ => true, token), cancellationToken);

    /// <summary>Finds a key.</summary>
    /// <param name="id">Its primary key.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>Null where there is none.</returns>
    public Task<ApiKeyInfo?> FindAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => (await ReadAsync(db, key => key.Id == id, token)).SingleOrDefault(), cancellationToken);

    /// <summary>Says what a key is for.</summary>
    /// <param name="id">The key, by its primary key.</param>
    /// <param name="name">At most 255 characters; null or empty for nothing.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="NexusDataException">There is no such key (not found), or the name is too long (validation).</exception>
    public Task<ApiKeyInfo> RenameAsync(Guid id, string? name, CancellationToken cancellationToken = default)
    {
        var text = TextField.Optional(name, 255, "API key's name");
        return _work.DoAsync(
            async (db, token) =>
            {
                await db.TrainApiKeys.Where(key => key.Id == id)
                    .ExecuteUpdateAsync(update => update.SetProperty(key => key.Name, text), token);
                return (await ReadAsync(db, key => key.Id == id, token)).SingleOrDefault() ?? throw NotFound(id);
            },
            cancellationToken);
    }

    /// <summary>Takes a key back: from now on it lets nobody in.</summary>
    /// <param name="id">The key, by its primary key.</param>
    /// <param name="revokedBy">Who takes it back, at most 255 characters; null where it is not known.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>False where it was revoked before: by whom and when stays.</returns>
    /// <exception cref="NexusDataException">There is no such key (not found).</exception>
    public Task<bool> RevokeAsync(Guid id, string? revokedBy, CancellationToken cancellationToken = default)
    {
        var by = TextField.Optional(revokedBy, 255, "name of who revokes the API key");
        return _work.DoAsync(
            async (db, token) =>
            {
                var revoked = await db.TrainApiKeys.Where(key => key.Id == id && key.RevokedAt == null).ExecuteUpdateAsync(
                    update => update
                        .SetProperty(key => key.RevokedAt, _ => DateTimeOffset.UtcNow)
                        .SetProperty(key => key.RevokedBy, by),
                    token);
                return revoked > 0
                    || (await db.TrainApiKeys.AnyAsync(key => key.Id == id, token) ? false : throw NotFound(id));
            },
            cancellationToken);
    }

    /// <summary>Deletes a key that was revoked, with all that is known of its use.</summary>
    /// <param name="id">The key, by its primary key.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public Task<ApiKeyDeletion> DeleteAsync(Guid id, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            async (db, token) =>
                await db.TrainApiKeys.Where(key => key.Id == id && key.RevokedAt != null).ExecuteDeleteAsync(token) > 0
                    ? ApiKeyDeletion.Deleted
                    : await db.TrainApiKeys.AnyAsync(key => key.Id == id, token) ? ApiKeyDeletion.NotRevoked
                    : ApiKeyDeletion.NotFound,
            cancellationToken);

    /// <summary>Deletes the keys that were revoked before a time.</summary>
    /// <param name="trainId">The slug of their train; null for the keys of all trains.</param>
    /// <param name="revokedBefore">Only keys that were revoked before.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>How many went.</returns>
    public Task<int> DeleteRevokedAsync(
        string? trainId, DateTimeOffset revokedBefore, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            (db, token) => Of(db, trainId).Where(key => key.RevokedAt < revokedBefore.ToUniversalTime()).ExecuteDeleteAsync(token),
            cancellationToken);

    private static IQueryable<TrainApiKey> Of(NexusDbContext db, string? trainId)
    {
        var slug = TextField.Sought(trainId);
        return trainId is null
            ? db.TrainApiKeys
            : db.TrainApiKeys.Where(key => db.Trains.Any(train => train.Id == key.TrainId && train.TrainId == slug));
    }

    private static Task<IReadOnlyList<ApiKeyInfo>> ReadAsync(
        NexusDbContext db, Expression<Func<TrainApiKey, bool>> condition, CancellationToken cancellationToken)
        => ReadAsync(db, trainId: null, condition, cancellationToken);

    private static async Task<IReadOnlyList<ApiKeyInfo>> ReadAsync(
        NexusDbContext db, string? trainId, Expression<Func<TrainApiKey, bool>> condition,
        CancellationToken cancellationToken)
        => await (
            from key in Of(db, trainId).Where(condition)
            join train in db.Trains on key.TrainId equals train.Id
            orderby key.CreatedAt descending, key.Id descending
            select new ApiKeyInfo(
                key.Id, train.TrainId, ApiKeyText.Preview(key.KeyPrefix, key.KeySuffix), key.Name,
                key.RevokedAt != null ? ApiKeyState.Revoked
                    : key.ExpiresAt <= DateTimeOffset.UtcNow ? ApiKeyState.Expired
                    : ApiKeyState.Active,
                key.CreatedBy, key.CreatedAt, key.LastUsedAt, key.ExpiresAt, key.RevokedAt, key.RevokedBy))
            .ToListAsync(cancellationToken);

    private static string Prefix(string prefix)
        => ApiKeyText.IsPrefix(prefix ?? "")
            ? prefix!
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"No API key can begin with '{prefix}': 1 to {ApiKeyText.PrefixLength} letters, digits and _, a letter first and no _ last.");

    private static NexusDataException NotFound(Guid id) => new(NexusDataErrorKind.NotFound, $"There is no API key {id}.");
}
