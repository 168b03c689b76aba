using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Which rows are removed.</summary>
public enum CleaningScope
{
    /// <summary>People and their chats.</summary>
    Chats,

    /// <summary>Those, and requests, trains, accounts, keys, members and analyses with all that is made of them. Prices stay, which are
    /// settings.</summary>
    Everything,
}

/// <summary>Empties tables, and leaves the schema as it is.</summary>
public sealed class DataCleaner
{
    private const string Prices = "model_prices";

    // Whoever waits for a lock has everybody else wait behind.
    private const string Limit = "SET LOCAL lock_timeout = '10s'";

    private readonly UnitOfWork _work;

    /// <summary>Creates the service.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    public DataCleaner(IDbContextFactory<NexusDbContext> contexts)
        : this(new UnitOfWork(contexts))
    {
    }

    private DataCleaner(UnitOfWork work) => _work = work;

    /// <summary>The same in a context of the caller's, and in its transaction.</summary>
    /// <param name="db">The caller's context.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "Every service is joined to a context in the same way.")]
    public DataCleaner In(NexusDbContext db) => new(new UnitOfWork(db));

    /// <summary>How many rows there are to be removed.</summary>
    /// <param name="scope">Which rows.</param>
    /// <param name="cancellationToken">Stops the counting, which reads every row.</param>
    /// <returns>Each table, in the order in which they are emptied.</returns>
    public Task<IReadOnlyList<PopulationCount>> CountAsync(CleaningScope scope, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            (db, token) => db.WithoutTimeoutAsync(() => ModelTables.CountAsync(db, Tables(db, scope), token)), cancellationToken);

    /// <summary>Removes the rows, all or none, in a transaction of its own or in the caller's: at once (TRUNCATE) where the role may, and
    /// where no table of others refers to ours; else row by row.</summary>
    /// <param name="scope">Which rows.</param>
    /// <param name="cancellationToken">Stops it, and nothing is removed.</param>
    /// <returns>How many rows were removed from each table, in the order in which they were emptied.</returns>
    /// <remarks>Identifiers that are counted go on where they were. Whoever uses one of the tables is waited for, ten seconds at most.</remarks>
    /// <exception cref="NexusDataException">The role may not delete from one of the tables, as the application's may not from the audit log
    /// (forbidden), or somebody uses one of them (unavailable).</exception>
    public Task<IReadOnlyList<PopulationCount>> CleanAsync(CleaningScope scope, CancellationToken cancellationToken = default)
        => _work.DoAsync(
            (db, token) => db.WithoutTimeoutAsync(async () =>
            {
                var tables = Tables(db, scope);
                await CheckRightsAsync(db, tables, token);
                var truncates = await MayTruncateAsync(db, tables, token);
                await LockAsync(db, tables, truncates ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE", token);
                return truncates ? await TruncateAsync(db, tables, token) : await DeleteAsync(db, tables, token);
            }),
            cancellationToken);

    // Of others' tables a foreign key may say what becomes of their rows: that is asked of each row.
    private static async Task<bool> MayTruncateAsync(NexusDbContext db, IReadOnlyList<string> tables, CancellationToken cancellationToken)
        => (await db.ReadAllAsync(
            """
            SELECT bool_and(has_table_privilege(t.oid, 'TRUNCATE')) AND NOT EXISTS (
                SELECT FROM pg_constraint c
                WHERE c.contype = 'f' AND c.confrelid = ANY (@tables::regclass[]) AND c.conrelid <> ALL (@tables::regclass[]))
            FROM pg_class t WHERE t.oid = ANY (@tables::regclass[])
            """,
            [DbCommands.Texts("tables", [.. tables])], row => row.GetBoolean(0), cancellationToken))[0];

    private static async Task CheckRightsAsync(NexusDbContext db, IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        var forbidden = await db.ReadAllAsync(
            """
            SELECT t.relname FROM pg_class t WHERE t.oid = ANY (@tables::regclass[]) AND NOT has_table_privilege(t.oid, 'DELETE') ORDER BY 1
            """,
            [DbCommands.Texts("tables", [.. tables])], row => row.GetString(0), cancellationToken);
        if (forbidden.Count > 0)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Forbidden,
                $"This role may not delete from {string.Join(", ", forbidden)}: nothing was removed. Connect as the tables' owner.");
        }
    }

    // In the order in which everybody else takes them: people before chats, chats before messages.
    private static async Task LockAsync(
        NexusDbContext db, IReadOnlyList<string> tables, string mode, CancellationToken cancellationToken)
    {
        try
        {
            await db.ExecuteAsync($"{Limit}; LOCK TABLE {Names(tables.Reverse())} IN {mode} MODE", [], cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new NexusDataException(
                NexusDataErrorKind.Unavailable,
                "Somebody has used one of the tables for ten seconds: nothing was removed. Stop what works with the database, and try again.",
                exception);
        }
    }

    private static async Task<IReadOnlyList<PopulationCount>> TruncateAsync(
        NexusDbContext db, IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        var counts = await ModelTables.CountAsync(db, tables, cancellationToken);
        await db.ExecuteAsync($"TRUNCATE {Names(tables)}", [], cancellationToken);
        return counts;
    }

    private static string Names(IEnumerable<string> tables) => string.Join(", ", tables.Select(table => $"\"{table}\""));

    private static async Task<IReadOnlyList<PopulationCount>> DeleteAsync(
        NexusDbContext db, IReadOnlyList<string> tables, CancellationToken cancellationToken)
    {
        var counts = new List<PopulationCount>();
        foreach (var table in tables)
        {
            counts.Add(new(table, await db.ExecuteAsync($"DELETE FROM \"{table}\"", [], cancellationToken)));
        }

        return counts;
    }

    private static IReadOnlyList<string> Tables(NexusDbContext db, CleaningScope scope)
        => scope switch
        {
            CleaningScope.Chats => ModelTables.ChildrenFirst(db.Model, ModelTables.OfChats),
            CleaningScope.Everything => ModelTables.ChildrenFirst(db.Model, ModelTables.Names(db.Model).Where(table => table != Prices)),
            _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, string.Create(CultureInfo.InvariantCulture, $"There is no scope {(int)scope}.")),
        };
}
