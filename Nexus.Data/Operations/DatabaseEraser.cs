using Microsoft.EntityFrameworkCore;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Nexus.Data.Persistence.Migrations;
using Npgsql;

namespace Nexus.Data.Operations;

/// <summary>
/// Empties a database: everything in it is dropped in one transaction, so that it is either as it was or empty. The database
/// itself stays, with its owner, its settings and who may connect; so do roles, extensions with what is theirs, the schema
/// <c>public</c> and the one that the connection makes tables in, with their rights. What is in no schema stays too: large
/// objects, publications, subscriptions, event triggers, foreign servers, languages and casts between types that stay.
/// </summary>
/// <param name="contexts">Makes the contexts. The user has to own what is dropped, or be a superuser.</param>
public sealed class DatabaseEraser(IDbContextFactory<NexusDbContext> contexts)
{
    private const string History = RolePolicy.History;

    // A schema that an extension needs stays, and is emptied of the rest. What belongs to a table or a type goes with it.
    private const string Things =
        """
        WITH extension AS (
            SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'),
        space AS (
            SELECT n.oid, quote_ident(n.nspname) AS name,
                   n.nspname = 'public' OR n.nspname = current_schema() OR n.oid IN (SELECT extnamespace FROM pg_extension)
                   OR n.oid IN (SELECT objid FROM extension WHERE classid = 'pg_namespace'::regclass) AS stays
            FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema')
        SELECT CASE thing.type WHEN 'composite type' THEN 'type' WHEN 'statistics object' THEN 'statistics'
                    ELSE thing.type END,
               thing.identity
        FROM space JOIN pg_depend d
            ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = space.oid AND d.deptype = 'n'
            CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) thing
        WHERE space.stays AND d.classid <> 'pg_extension'::regclass
          AND (d.classid, d.objid) NOT IN (SELECT classid, objid FROM extension)
          AND NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid
                              AND (o.refclassid, o.refobjid) <> (o.classid, o.objid)
                              AND (o.deptype IN ('i', 'P', 'S') OR o.deptype = 'a' AND o.refclassid = 'pg_class'::regclass))
        UNION ALL
        SELECT 'schema', name FROM space WHERE NOT stays
        ORDER BY 1, 2
        """;

    private const string Tables =
        """
        SELECT format('%I.%I', n.nspname, c.relname),
               c.relname = ANY (@ours) AND n.nspname = current_schema()
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\_%'
          AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1
        """;

    // Of others' tables a lock may be refused that a drop is not: to the owner of the schema.
    private const string Lockable =
        """
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\_%'
          AND n.nspname <> 'information_schema' AND pg_has_role(c.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'USAGE')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1
        """;

    // Whoever waits for the strictest lock has everybody else wait behind.
    private const string Limits =
        "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = error";

    private const string Gate = $"SELECT pg_try_advisory_xact_lock({NexusMigrationLock.Key})";

    /// <summary>Says what would go, and counts every table's rows. Changes nothing.</summary>
    /// <param name="cancellationToken">Stops the counting.</param>
    public async Task<DatabaseContents> ReadAsync(CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        var things = await ReadThingsAsync(db, cancellationToken);
        var ours = db.Model.GetEntityTypes().Select(type => type.GetTableName()).OfType<string>().Append(History);
        var tables = await db.ReadAllAsync(
            Tables, [DbCommands.Texts("ours", [.. ours])], row => (Name: row.GetString(0), IsOurs: row.GetBoolean(1)),
            cancellationToken);
        var contents = new List<TableContents>();
        foreach (var (name, isOurs) in tables)
        {
            // As the server has quoted it.
            var rows = await db.ReadAllAsync($"SELECT count(*) FROM {name}", [], row => row.GetInt64(0), cancellationToken);
            contents.Add(new(name, rows[0], isOurs));
        }

        return new(db.Database.GetDbConnection().Database, contents, [.. things.Select(thing => $"{thing.Kind} {thing.Name}")]);
    }

    /// <summary>Drops it all, or nothing.</summary>
    /// <param name="contents">What the database holds, as it was read.</param>
    /// <param name="cancellationToken">Gives up, and leaves everything as it was.</param>
    /// <exception cref="NexusDataException">Nothing was changed: the user may not drop something
    /// (<see cref="NexusDataErrorKind.Forbidden"/>), the database holds something that is not among the contents or is being
    /// migrated (<see cref="NexusDataErrorKind.Conflict"/>), or somebody used a table for too long or the server has too little
    /// memory for locks (<see cref="NexusDataErrorKind.Unavailable"/>).</exception>
    public async Task EmptyAsync(DatabaseContents contents, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(contents);

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.ExecuteAsync(Limits, [], cancellationToken);
        if (!(await db.ReadAllAsync(Gate, [], row => row.GetBoolean(0), cancellationToken))[0])
        {
            throw Changed(contents, "is being migrated at this moment");
        }

        var things = await ReadThingsAsync(db, cancellationToken);
        if (things.Find(thing => !contents.Things.Contains($"{thing.Kind} {thing.Name}", StringComparer.Ordinal)) is { Name: not null } more)
        {
            throw Changed(contents, $"has a {more.Kind} {more.Name} since it was looked at");
        }

        await LockAsync(db, cancellationToken);

        // Tables first, for a column's own sequence cannot go before it; schemas last.
        foreach (var (kind, name) in things.OrderBy(thing => thing.Kind switch { "table" => 0, "schema" => 2, _ => 1 }))
        {
            await DropAsync(db, kind, name, cancellationToken);
        }

        if ((await ReadThingsAsync(db, cancellationToken)).FirstOrDefault() is { Name: not null } left)
        {
            throw Changed(contents, $"would still have a {left.Kind} {left.Name}");
        }

        await transaction.CommitAsync(cancellationToken);
    }

    // All of them before the first goes: else whoever uses two of them, and us, may each wait for the other.
    private static async Task LockAsync(NexusDbContext db, CancellationToken cancellationToken)
    {
        var tables = await db.ReadAllAsync(Lockable, [], row => row.GetString(0), cancellationToken);
        if (tables.Count > 0)
        {
            await TryAsync(
                db, $"LOCK TABLE {string.Join(", ", tables)} IN ACCESS EXCLUSIVE MODE", "lock", "a table", cancellationToken);
        }
    }

    private static Task DropAsync(NexusDbContext db, string kind, string name, CancellationToken cancellationToken)
        => TryAsync(db, $"DROP {kind} IF EXISTS {name} CASCADE", "drop", $"{kind} {name}", cancellationToken);

    private static async Task TryAsync(
        NexusDbContext db, string sql, string deed, string thing, CancellationToken cancellationToken)
    {
        try
        {
            await db.ExecuteAsync(sql, [], cancellationToken);
        }
        catch (PostgresException exception) when (Judge(exception, deed, thing) is { } refusal)
        {
            throw new NexusDataException(refusal.Kind, refusal.Message, exception);
        }
    }

    // What the server's error means for who runs this; null for what nobody can do anything about.
    private static (NexusDataErrorKind Kind, string Message)? Judge(PostgresException exception, string deed, string thing)
        => exception.SqlState switch
        {
            PostgresErrorCodes.InsufficientPrivilege => (
                NexusDataErrorKind.Forbidden,
                $"The connected user may not {deed} {thing}: {exception.MessageText}. Connect as a superuser, or as who owns "
                + "everything in the database. Nothing was changed."),
            PostgresErrorCodes.LockNotAvailable => (
                NexusDataErrorKind.Unavailable,
                $"Somebody used {thing} for ten seconds and longer. Nothing was changed: stop what works with the database, "
                + "and run it again."),
            PostgresErrorCodes.DeadlockDetected => (
                NexusDataErrorKind.Unavailable,
                $"Somebody used {thing} and waited for another that was to go. Nothing was changed: stop what works with the "
                + "database, and run it again."),
            PostgresErrorCodes.OutOfMemory => (
                NexusDataErrorKind.Unavailable,
                $"The server had no memory left to {deed} {thing}: {exception.MessageText}. Nothing was changed. A database with "
                + "many tables and indexes wants a larger max_locks_per_transaction: set it, restart the server, and run it again."),
            _ => null,
        };

    private static Task<List<(string Kind, string Name)>> ReadThingsAsync(
        NexusDbContext db, CancellationToken cancellationToken)
        => db.ReadAllAsync(Things, [], row => (row.GetString(0), row.GetString(1)), cancellationToken);

    private static NexusDataException Changed(DatabaseContents contents, string what)
        => new(NexusDataErrorKind.Conflict, $"Database {contents.Database} {what}: nothing was changed. Run it again.");
}
