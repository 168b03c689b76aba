using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations;

/// <summary>Says what a database is. Reads only, waits for nobody, and counts no rows.</summary>
public sealed class DatabaseStatusReader
{
    private const string Catalog =
        """
        SELECT current_setting('server_version'), current_database(),
               ARRAY(SELECT relname::text FROM pg_class
                     WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p')
                       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e')),
               EXISTS (SELECT FROM pg_locks
                       WHERE locktype = 'advisory' AND granted AND objsubid = 1
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                         AND (classid::bigint << 32 | objid::bigint) = hashtextextended('nexus.migrate', 0)),
               EXISTS (SELECT FROM pg_attribute
                       WHERE attrelid = to_regclass('api_requests') AND attname = 'unlinked_because'),
               EXISTS (SELECT FROM pg_attribute
                       WHERE attrelid = to_regclass('train_api_keys') AND attname = 'api_key' AND attnotnull
                           AND NOT attisdropped),
               to_regclass(@history) IS NOT NULL
        """;

    private const string Sizes =
        """
        SELECT relname::text,
               CASE WHEN pg_stat_get_live_tuples(oid) > 0 THEN pg_stat_get_live_tuples(oid)
                    ELSE greatest(reltuples, 0)::bigint END,
               pg_total_relation_size(oid), pg_database_size(current_database())
        FROM pg_class
        WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p')
        ORDER BY 3 DESC, 1
        """;

    private const string History = RolePolicy.History;

    private readonly IDbContextFactory<NexusDbContext> _contexts;
    private readonly SchemaOwner _owner;

    /// <summary>Reads the status of a database that this library's migrations keep.</summary>
    /// <param name="contexts">Makes the context that is read from.</param>
    public DatabaseStatusReader(IDbContextFactory<NexusDbContext> contexts)
        : this(contexts, new OwnSchema(contexts))
    {
    }

    internal DatabaseStatusReader(IDbContextFactory<NexusDbContext> contexts, SchemaOwner owner)
        => (_contexts, _owner) = (contexts, owner);

    /// <summary>Reads the status.</summary>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<DatabaseStatus> ReadAsync(CancellationToken cancellationToken = default)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var history = await _owner.HistoryAsync(cancellationToken);
        var catalog = await db.ReadAsync(Catalog, [DbCommands.Text("history", history.Table)], ReadCatalogAsync, cancellationToken);
        var isMigrating = catalog.IsMigrating;

        var applied = catalog.HasHistory
            ? await db.ReadWithoutWaitingAsync(history.Applied, TextsAsync, cancellationToken)
            : new();
        var sizes = await db.ReadWithoutWaitingAsync(Sizes, ReadSizesAsync, cancellationToken);
        var unlinked = catalog.MarksUnlinked
            ? await db.ReadWithoutWaitingAsync(
                "SELECT count(*)::text FROM api_requests WHERE unlinked_because IS NOT NULL", TextsAsync,
                cancellationToken)
            : null;
        var clearKeys = catalog.HasClearKeys
            ? await db.ReadWithoutWaitingAsync("SELECT count(*)::text FROM train_api_keys", TextsAsync, cancellationToken)
            : null;
        isMigrating |= applied is null;

        var origin = OriginOf(catalog.Tables, applied, history.Known);
        var pending = applied is null ? [] : history.Known.Except(applied, StringComparer.Ordinal).ToList();
        var survey = isMigrating || _owner.IsHost || origin is DatabaseOrigin.Empty or DatabaseOrigin.Unknown
            ? new SchemaSurvey()
            : await SchemaSurveyor.SurveyAsync(db, origin, pending, sizes?.Tables ?? [], cancellationToken);

        return new()
        {
            ServerVersion = catalog.ServerVersion,
            Database = catalog.Database,
            Origin = survey.Origin ?? origin,
            IsMigrating = isMigrating,
            Applied = applied ?? [],
            Pending = pending,
            Unknown = applied is null ? [] : [.. _owner.Unknown(applied, history.Known)],
            Bytes = sizes?.Bytes,
            Tables = sizes?.Tables ?? [],
            Original = survey.Original,
            Forecast = survey.Forecast,
            Kept = survey.Kept,
            Obstacle = survey.Obstacle,
            ClearKeys = CountIn(clearKeys),
            Unlinked = CountIn(unlinked),
        };
    }

    private static DatabaseOrigin OriginOf(string[] tables, List<string>? applied, IReadOnlyList<string> known)
        => applied is null ? DatabaseOrigin.Unknown
            : applied.Intersect(known, StringComparer.Ordinal).Any() ? DatabaseOrigin.Ours
            : tables.All(table => table == History) ? DatabaseOrigin.Empty
            : tables.Contains("api_requests", StringComparer.Ordinal) ? DatabaseOrigin.Original
            : DatabaseOrigin.Foreign;

    private static async Task<CatalogRow> ReadCatalogAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(cancellationToken);
        return new(
            reader.GetString(0), reader.GetString(1), reader.GetFieldValue<string[]>(2), reader.GetBoolean(3),
            reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6));
    }

    private static async Task<List<string>> TextsAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }

    private static long? CountIn(List<string>? texts)
        => texts is [{ } count] ? long.Parse(count, CultureInfo.InvariantCulture) : null;

    private static async Task<TableSizes> ReadSizesAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var tables = new List<TableStatus>();
        long? bytes = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            // A table that was dropped meanwhile has no size.
            if (!reader.IsDBNull(2) && reader.GetString(0) != History)
            {
                tables.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
            }

            bytes = reader.GetInt64(3);
        }

        return new(bytes, tables);
    }

    private sealed record CatalogRow(
        string ServerVersion, string Database, string[] Tables, bool IsMigrating, bool MarksUnlinked,
        bool HasClearKeys, bool HasHistory);

    private sealed record TableSizes(long? Bytes, List<TableStatus> Tables);
}
