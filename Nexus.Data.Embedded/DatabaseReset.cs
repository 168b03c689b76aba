using System.Globalization;
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
    private const string History = "__EFMigrationsHistory";

    // Its rows are in others' pages.
    private const char Partitioned = 'p';

    private const char View = 'm';

    // From here on emptying all files is faster than deleting rows, or than passing over those that were deleted before.
    private const int LargeBytes = 4 * 1024 * 1024;

    private const string Survey =
        """
        SELECT format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, c.oid::bigint, c.relkind, has_table_privilege(c.oid, 'TRUNCATE'),
               has_table_privilege(c.oid, 'DELETE')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname = ANY (@schemas) AND c.relkind = 'm' OR c.relkind IN ('r', 'p') AND NOT c.relispartition)
          AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1;
        SELECT conname, conrelid::bigint, confrelid::bigint FROM pg_constraint WHERE contype = 'f' AND conparentid = 0;
        SELECT current_setting('is_superuser') = 'on'
        """;

    // A table that was never written to, or was truncated since, has no pages. With what is kept beside it, and in its partitions.
    private const string Sizes =
        """
        SELECT pg_relation_size(o::oid), coalesce((SELECT sum(pg_table_size(relid)) FROM pg_partition_tree(o::oid)), pg_table_size(o::oid))::bigint
        FROM unnest($1) WITH ORDINALITY AS r (o, n) ORDER BY n
        """;

    private readonly NpgsqlDataSource _source;
    private readonly List<Relation> _tables;
    private readonly List<Relation> _views;
    private readonly Truncation _truncation;
    private readonly string _settings;
    private readonly DatabaseResetOptions _options;

    private DatabaseReset(
        string connectionString, List<Relation> tables, List<Relation> views, Truncation truncation, bool isSuperuser, DatabaseResetOptions options)
    {
        // Nothing is set beyond a transaction: what a pool undoes when it takes a connection back takes longer than to empty a few tables.
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true });
        (_tables, _views, _truncation, _options) = (tables, views, truncation, options);
        var wait = string.Create(CultureInfo.InvariantCulture, $"set_config('lock_timeout', '{Math.Ceiling(options.LockTimeout.TotalMilliseconds):0}', true)");
        _settings = $"SELECT {wait}{(isSuperuser ? ", set_config('session_replication_role', 'replica', true)" : "")}";
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
        await using var connection = new NpgsqlConnection(connectionString);
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
            var (from, to) = (NameOf(relations, reference.From), NameOf(relations, reference.To));
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
    /// <exception cref="NexusDataException">Somebody uses a table for longer than is waited (unavailable). Nothing is removed.</exception>
    public async Task ResetAsync(CancellationToken cancellationToken = default)
    {
        RefuseProduction(Environment.GetEnvironmentVariable);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            var sizes = await LockAsync(connection, cancellationToken);
            await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
            foreach (var statement in Statements(sizes))
            {
                batch.BatchCommands.Add(new(statement));
            }

            if (batch.BatchCommands.Count > 0)
            {
                // The statements are the same as the last time, mostly.
                await batch.PrepareAsync(cancellationToken);
                await batch.ExecuteNonQueryAsync(cancellationToken);
            }

            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Unavailable,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Database {connection.Database} cannot be emptied: somebody has used one of its tables for {_options.LockTimeout.TotalSeconds:0.###} seconds. Has every test ended its transactions?"),
                exception);
        }
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
            relations.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetChar(4), reader.GetBoolean(5), reader.GetBoolean(6)));
        }

        var references = new List<Reference>();
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            references.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
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

    // Whoever has written a row that is not committed yet is waited for: it would be left over, and what it refers to gone.
    private async Task<List<(long Pages, long Bytes)>> LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        batch.BatchCommands.Add(new(_settings));
        batch.BatchCommands.Add(new($"LOCK TABLE {string.Join(", ", Tables.Reverse())} IN SHARE ROW EXCLUSIVE MODE"));
        batch.BatchCommands.Add(new(Sizes) { Parameters = { new() { Value = (long[])[.. _tables.Concat(_views).Select(relation => relation.Id)] } } });
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

    private IEnumerable<string> Statements(List<(long Pages, long Bytes)> sizes)
    {
        if (_truncation == Truncation.Always || (_truncation == Truncation.OfLarge && sizes.Take(_tables.Count).Sum(size => size.Bytes) > LargeBytes))
        {
            yield return $"TRUNCATE {string.Join(", ", Tables)}";
        }
        else
        {
            foreach (var (table, _) in _tables.Zip(sizes).Where(one => one.Second.Pages > 0 || one.First.Kind == Partitioned))
            {
                yield return $"DELETE FROM {table.Name}";
            }
        }

        foreach (var (view, _) in _views.Zip(sizes.Skip(_tables.Count)).Where(one => one.Second.Pages > 0))
        {
            yield return $"REFRESH MATERIALIZED VIEW {view.Name}";
        }

        if (_options.RestartsIdentities)
        {
            yield return
                $"""
                SELECT setval(s.seqrelid::regclass, s.seqstart, false)
                FROM pg_sequence s JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({string.Join(", ", _tables.Select(table => table.Id.ToString(CultureInfo.InvariantCulture)))})
                  AND pg_sequence_last_value(s.seqrelid) IS NOT NULL
                """;
        }
    }

    private static string NameOf(List<Relation> relations, long id)
        => relations.Find(relation => relation.Id == id)?.Name ?? "A table of an extension";

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

    private sealed record Relation(string Name, string Schema, string Table, long Id, char Kind, bool MayTruncate, bool MayDelete)
    {
        public bool Is(string name) => name == $"{Schema}.{Table}" || (name == Table && Schema == "public") || name == Name;
    }

    private sealed record Reference(string Name, long From, long To);
}
