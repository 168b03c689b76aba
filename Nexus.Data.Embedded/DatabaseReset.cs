using System.Globalization;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>Empties a test's database for the next test, in a few round trips: much faster than a database of its own.</summary>
/// <remarks>
/// Rows are deleted, without looking after foreign keys and triggers where the role may do so (a superuser, such as the embedded server's): no
/// row that could refer to them is left, which is checked when the reset is created. Else they are deleted from those tables first that refer to
/// others. Tables that have grown so large that deleting takes longer are truncated. Materialized views that hold rows are refreshed.
/// </remarks>
public sealed class DatabaseReset : IAsyncDisposable
{
    private const string History = RolePolicy.History;

    // Its rows are in others' pages.
    private const char Partitioned = 'p';

    private const char View = 'm';

    // From here on emptying all files is faster than deleting rows, or than passing over those that were deleted before.
    private const int LargeBytes = 4 * 1024 * 1024;

    // Views in the order in which they read each other, so that none is refreshed from one that still holds what was there. A partition's key counts as its
    // table's.
    private const string Survey =
        """
        WITH RECURSIVE reads AS (
            SELECT DISTINCT r.ev_class AS reader, d.refobjid AS source
            FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class AND r.ev_type = '1'),
        views (id, depth) AS (
            SELECT oid, 0 FROM pg_class WHERE relkind = 'm' AND relnamespace::regnamespace::text <> 'pg_catalog'
            UNION
            SELECT reader, depth + 1 FROM views JOIN reads ON source = id WHERE depth < 100)
        SELECT format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, c.oid::bigint, c.reltoastrelid::bigint, c.relkind,
               has_table_privilege(c.oid, 'TRUNCATE'), has_table_privilege(c.oid, 'DELETE')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname = ANY (@schemas) AND c.relkind = 'm' OR c.relkind IN ('r', 'p') AND NOT c.relispartition)
          AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY (SELECT max(depth) FROM views WHERE id = c.oid), 1;
        SELECT conname, f.id::bigint, t.id::bigint, f.id::regclass::text, t.id::regclass::text
        FROM pg_constraint, LATERAL (SELECT coalesce(pg_partition_root(conrelid), conrelid)) f (id),
             LATERAL (SELECT coalesce(pg_partition_root(confrelid), confrelid)) t (id)
        WHERE contype = 'f' AND conparentid = 0;
        SELECT current_setting('is_superuser') = 'on'
        """;

    // A table that was never written to, or was truncated since, has no pages; one with a row that is not committed yet has. With what
    // is kept beside it, and in its partitions.
    private const string Sizes =
        """
        SELECT pg_relation_size(o::oid),
               CASE WHEN p THEN (SELECT coalesce(sum(pg_table_size(relid)), 0) FROM pg_partition_tree(o::oid))::bigint
                    ELSE pg_relation_size(o::oid) + CASE WHEN t = 0 THEN 0 ELSE coalesce(pg_relation_size(t::oid), 0) END END
        FROM unnest($1, $2, $3) WITH ORDINALITY AS r (o, t, p, n) ORDER BY n
        """;

    // Fails where one of the tables has been written to since: an error is what keeps the statements behind it from being done.
    private const string Unwritten =
        "SELECT 1 / CASE WHEN EXISTS (SELECT FROM unnest($1) AS r (o) WHERE pg_relation_size(o::oid) > 0) THEN 0 ELSE 1 END";

    private readonly NpgsqlDataSource _source;
    private readonly List<Relation> _tables;
    private readonly List<Relation> _views;
    private readonly Truncation _truncation;
    private readonly string _lockTimeout;
    private readonly string[] _settings;
    private readonly DatabaseResetOptions _options;
    private readonly string _restart;

    private DatabaseReset(
        string connectionString, List<Relation> tables, List<Relation> views, Truncation truncation, bool isSuperuser, DatabaseResetOptions options)
    {
        // Nothing is set beyond a transaction: what a pool undoes when it takes a connection back takes longer than to empty a few tables.
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true });
        (_tables, _views, _truncation, _options) = (tables, views, truncation, options);
        _lockTimeout = Math.Ceiling(options.LockTimeout.TotalMilliseconds).ToString("0", CultureInfo.InvariantCulture);
        var wait = $"SET LOCAL lock_timeout = {_lockTimeout}";
        _settings = isSuperuser ? [wait, "SET LOCAL session_replication_role = replica"] : [wait];
        _restart = RestartOf(tables);
        Tables = [.. tables.Select(table => table.Name)];
    }

    /// <summary>The tables that are emptied, with their schemas, in the order in which they are.</summary>
    public IReadOnlyList<string> Tables { get; }

    /// <summary>Looks at a database's tables, which must not change afterwards: after its migrations, and once for all of its tests.</summary>
    /// <param name="connectionString">The database, as Npgsql understands it, of a role that may delete from every table.</param>
    /// <param name="options">What is emptied; null for what is usual.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="NexusDataException">A table that is kept is not there, or refers to one that is emptied, or there is nothing to empty
    /// (validation); or the role may not delete from a table, or the environment is production (forbidden).</exception>
    public static async Task<DatabaseReset> CreateAsync(
        string connectionString, DatabaseResetOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        if (options.LockTimeout < TimeSpan.FromMilliseconds(1))
        {
            throw Invalid("Others who use a table are waited for a millisecond at least.");
        }

        RefuseProduction(Environment.GetEnvironmentVariable);

        // None is left in a pool, whose connections are nobody's to close.
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var (relations, references, isSuperuser) = await SurveyAsync(connection, options, cancellationToken);
        var emptied = Chosen(relations, options);
        if (emptied.Where(table => !table.MayDelete).Select(table => table.Name).ToList() is { Count: > 0 } forbidden)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"This role may not delete from {string.Join(", ", forbidden)}: connect as the tables' owner, or keep them.");
        }

        var ids = emptied.Select(table => table.Id).ToHashSet();
        if (references.FirstOrDefault(reference => ids.Contains(reference.To) && !ids.Contains(reference.From)) is { } reference)
        {
            var (from, to) = (NameOf(relations, reference.From, reference.FromName), NameOf(relations, reference.To, reference.ToName));
            throw Invalid($"{from} keeps its rows and refers to {to} ({reference.Name}), which is emptied: keep {to} too, or empty {from}.");
        }

        var ordered = ChildrenFirst(emptied, references, out var hasCircle);
        var truncation = hasCircle && !isSuperuser ? Truncation.Always
            : emptied.TrueForAll(table => table.MayTruncate) ? Truncation.OfLarge
            : Truncation.Never;
        return new(connectionString, ordered, relations.FindAll(relation => relation.Kind == View), truncation, isSuperuser, options);
    }

    /// <summary>Empties the tables, all or none.</summary>
    /// <param name="cancellationToken">Stops it, and nothing is removed.</param>
    /// <exception cref="NexusDataException">Somebody uses a table for longer than is waited, or waits in turn for what this holds (unavailable). Nothing is
    /// removed.</exception>
    public async Task ResetAsync(CancellationToken cancellationToken = default)
    {
        RefuseProduction(Environment.GetEnvironmentVariable);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        try
        {
            if (!await TryAsync(connection, onlyWritten: true, cancellationToken))
            {
                await TryAsync(connection, onlyWritten: false, cancellationToken);
            }
        }
        catch (PostgresException exception)
            when (exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            var reason = exception.SqlState == PostgresErrorCodes.DeadlockDetected
                ? "somebody who has used one of its tables waits for another"
                : string.Create(
                    CultureInfo.InvariantCulture, $"somebody has used one of its tables for {_options.LockTimeout.TotalSeconds:0.###} seconds");
            throw new NexusDataException(
                NexusDataErrorKind.Unavailable,
                $"Database {connection.Database} cannot be emptied: {reason}. Has every test ended its transactions?",
                exception);
        }
    }

    // Two round trips: which tables were written to at all, and what that makes to do. The transaction begins and ends among the
    // statements, for each of both would be another. False where a table that had no page has some at the end, and nothing is done.
    private async Task<bool> TryAsync(NpgsqlConnection connection, bool onlyWritten, CancellationToken cancellationToken)
    {
        var sizes = await ReadSizesAsync(connection, cancellationToken);
        var (written, others) = (new List<Relation>(), new List<Relation>());
        foreach (var (table, size) in _tables.Zip(sizes))
        {
            (!onlyWritten || size.Pages > 0 || table.Kind == Partitioned ? written : others).Add(table);
        }

        var statements = Statements(written, sizes).ToList();
        if (statements.Count == 0 && !_options.RestartsIdentities)
        {
            return true;
        }

        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        Add("BEGIN ISOLATION LEVEL READ COMMITTED");
        Array.ForEach(_settings, Add);
        if (written.Count > 0)
        {
            // Whoever has written a row that is not committed yet is waited for: it would be left over, and what it refers to gone.
            Add($"LOCK TABLE {string.Join(", ", written.Select(table => table.Alone).Reverse())} IN SHARE ROW EXCLUSIVE MODE");
        }

        statements.ForEach(Add);
        if (others.Count > 0)
        {
            batch.BatchCommands.Add(new(Unwritten) { Parameters = { new() { Value = (long[])[.. others.Select(table => table.Id)] } } });
        }

        // Last of all, behind what a commit would have tried, for it is not taken back with a transaction.
        if (_options.RestartsIdentities)
        {
            Add("SET CONSTRAINTS ALL IMMEDIATE");
            Add(_restart);
        }

        Add("COMMIT");
        try
        {
            // The statements are the same as the last time, mostly.
            await batch.PrepareAsync(cancellationToken);
            await batch.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (PostgresException exception)
        {
            await using var rollback = new NpgsqlCommand("ROLLBACK", connection);
            await rollback.ExecuteNonQueryAsync(CancellationToken.None);
            if (onlyWritten && exception.SqlState == PostgresErrorCodes.DivisionByZero)
            {
                return false;
            }

            throw;
        }

        void Add(string statement) => batch.BatchCommands.Add(new(statement));
    }

    private static async Task<(List<Relation> Relations, List<Reference> References, bool IsSuperuser)> SurveyAsync(
        NpgsqlConnection connection, DatabaseResetOptions options, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Survey, connection);
        command.Parameters.AddWithValue("schemas", options.Schemas.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var relations = new List<Relation>();
        while (await reader.ReadAsync(cancellationToken))
        {
            relations.Add(new(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetChar(5), reader.GetBoolean(6),
                reader.GetBoolean(7)));
        }

        var references = new List<Reference>();
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            references.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4)));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (relations, references, reader.GetBoolean(0));
    }

    private static List<Relation> Chosen(List<Relation> relations, DatabaseResetOptions options)
    {
        var tables = relations.Where(relation => relation.Kind != View).ToList();
        var kept = options.Keep.SelectMany(name => tables.Where(table => table.Is(name)) is var found && found.Any()
            ? found
            : throw Invalid($"There is no table {name} to keep.")).ToHashSet();
        var emptied = tables
            .Where(table => options.Schemas.Contains(table.Schema, StringComparer.Ordinal) && table.Table != History && !kept.Contains(table)).ToList();
        return emptied.Count > 0
            ? emptied
            : throw Invalid($"There is no table to empty in {string.Join(", ", options.Schemas)}: create the reset after the migrations.");
    }

    // Tables that refer to each other in a circle come last, in whatever order.
    private static List<Relation> ChildrenFirst(List<Relation> tables, List<Reference> references, out bool hasCircle)
    {
        hasCircle = false;
        var (left, ordered) = (tables.ToList(), new List<Relation>(tables.Count));
        while (left.Count > 0)
        {
            var ids = left.Select(table => table.Id).ToHashSet();
            var free = left.Where(table => !references.Exists(
                reference => reference.To == table.Id && reference.From != table.Id && ids.Contains(reference.From))).ToList();
            hasCircle = free.Count == 0;
            ordered.AddRange(hasCircle ? left : free);
            left = hasCircle ? [] : [.. left.Except(free)];
        }

        return ordered;
    }

    /// <summary>Closes the connections that resets were made on; the database can be dropped or cloned then.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<List<(long Pages, long Bytes)>> ReadSizesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        Relation[] relations = [.. _tables, .. _views];
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };

        // Until the end of the batch, which is a transaction: somebody may hold a table so that not even its size can be had.
        batch.BatchCommands.Add(new($"SELECT set_config('lock_timeout', '{_lockTimeout}', true)"));
        batch.BatchCommands.Add(new(Sizes)
        {
            Parameters =
            {
                new() { Value = relations.Select(relation => relation.Id).ToArray() },
                new() { Value = relations.Select(relation => relation.Toast).ToArray() },
                new() { Value = relations.Select(relation => relation.Kind == Partitioned).ToArray() },
            },
        });
        await batch.PrepareAsync(cancellationToken);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var sizes = new List<(long, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            sizes.Add(reader.IsDBNull(0) ? default : (reader.GetInt64(0), reader.GetInt64(1)));
        }

        return sizes;
    }

    private IEnumerable<string> Statements(List<Relation> written, List<(long Pages, long Bytes)> sizes)
    {
        if ((_truncation == Truncation.Always && written.Count > 0) || (_truncation == Truncation.OfLarge && sizes.Take(_tables.Count).Sum(size => size.Bytes) > LargeBytes))
        {
            yield return $"TRUNCATE {string.Join(", ", _tables.Select(table => table.Alone))}";
        }
        else
        {
            foreach (var table in written)
            {
                yield return $"DELETE FROM {table.Alone}";
            }
        }

        foreach (var (view, _) in _views.Zip(sizes.Skip(_tables.Count)).Where(one => one.Second.Pages > 0))
        {
            yield return $"REFRESH MATERIALIZED VIEW {view.Name}";
        }
    }

    private static string RestartOf(IEnumerable<Relation> tables)
        => $"""
            SELECT setval(s.seqrelid::regclass, s.seqstart, false)
            FROM pg_sequence s JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({string.Join(", ", tables.Select(table => table.Id.ToString(CultureInfo.InvariantCulture)))})
              AND pg_sequence_last_value(s.seqrelid) IS NOT NULL
            """;

    private static string NameOf(List<Relation> relations, long id, string name)
        => relations.Find(relation => relation.Id == id)?.Name ?? $"{name}, which is an extension's,";

    internal static void RefuseProduction(Func<string, string?> environment)
    {
        // Tests run where nobody says what the environment is.
        if (HostEnvironment.Of(environment) is { IsProduction: true, Source: var variable })
        {
            throw new NexusDataException(NexusDataErrorKind.Forbidden, $"{variable} says production: no database is emptied for tests.");
        }
    }

    private static NexusDataException Invalid(string sentence) => new(NexusDataErrorKind.Validation, sentence);

    // Whether to truncate, which the role may for all tables or not, and which minds foreign keys in a circle as little as no other way does.
    private enum Truncation
    {
        Never,
        OfLarge,
        Always,
    }

    private sealed record Relation(string Name, string Schema, string Table, long Id, long Toast, char Kind, bool MayTruncate, bool MayDelete)
    {
        /// <summary>Its name for statements that leave tables alone which inherit from it: each of these stays or goes by itself. Partitions go along.</summary>
        public string Alone => Kind == Partitioned ? Name : $"ONLY {Name}";

        public bool Is(string name) => name == $"{Schema}.{Table}" || (name == Table && Schema == "public") || name == Name;
    }

    private sealed record Reference(string Name, long From, long To, string FromName, string ToName);
}
