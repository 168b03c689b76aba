using Microsoft.EntityFrameworkCore;
using Nexus.Data.Totals;
using Npgsql;
using NUnit.Framework.Interfaces;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>
/// Gives each test a migrated database that no other test sees, as the application's role: what a service does, it does
/// with the rights that it will have.
/// </summary>
public abstract class DatabaseTest
{
    protected string ConnectionString { get; private set; } = "";

    /// <summary>For what a test does to the database, and no service does.</summary>
    protected Task<string> AdministratorAsync() => Server.AsAdministratorAsync(ConnectionString);

    /// <summary>What no service does, and its role may not.</summary>
    protected async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(await AdministratorAsync());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Brings tables into the state of tables that are not new: each row is known to be seen by everybody, so that an index
    /// alone answers. A transaction of another test may hold that back for a while.</summary>
    protected async Task VacuumAsync(params string[] tables) => await VacuumAsync(await AdministratorAsync(), tables);

    /// <summary>The same in another database, as its administrator.</summary>
    protected static async Task VacuumAsync(string administrator, string[] tables)
    {
        await using var source = NpgsqlDataSource.Create(administrator);
        for (var tries = 0; ; tries++)
        {
            await using (var vacuum = source.CreateCommand($"VACUUM (ANALYZE) {string.Join(", ", tables)}"))
            {
                vacuum.CommandTimeout = 300;
                await vacuum.ExecuteNonQueryAsync();
            }

            await using var seen = source.CreateCommand(
                "SELECT bool_and(relallvisible = relpages) FROM pg_class WHERE oid = ANY (@tables::regclass[])");
            seen.Parameters.AddWithValue("tables", tables);
            if (await seen.ExecuteScalarAsync() is true)
            {
                return;
            }

            Assert.That(tries, Is.LessThan(100), "Somebody holds back the horizon of VACUUM.");
            await Task.Delay(200);
        }
    }

    /// <summary>How many rows each table has, ours or not.</summary>
    protected async Task<SortedDictionary<string, long>> CountRowsAsync()
    {
        await using var source = NpgsqlDataSource.Create(await AdministratorAsync());
        await using var command = source.CreateCommand(
            """
            SELECT relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', oid::regclass), false, true, '')))[1]::text::bigint
            FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND NOT relispartition AND relnamespace = 'public'::regnamespace
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new SortedDictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0), reader.GetInt64(1));
        }

        return rows;
    }

    /// <summary>How many deadlocks the server has ended in the test's database: services try again, and nobody sees them.</summary>
    protected async Task<long> DeadlocksAsync()
    {
        // Connections tell what they counted when they end.
        NpgsqlConnection.ClearAllPools();
        await using var db = OpenContext();
        return await db.Database.SqlQuery<long>(
            $"""SELECT deadlocks AS "Value" FROM pg_stat_database WHERE datname = current_database()""").SingleAsync();
    }

    [SetUp]
    public async Task CreateDatabase() => ConnectionString = await NewDatabaseAsync();

    [TearDown]
    public async Task DropDatabase()
    {
        if (ConnectionString.Length == 0)
        {
            return;
        }

        try
        {
            await EnsureTotalsAsync();
        }
        finally
        {
            await Server.DropAsync(ConnectionString);
        }
    }

    /// <summary>Whether the library alone writes the test's requests, so that their totals have to be right in the end.</summary>
    private protected virtual bool KeepsTotals => false;

    /// <summary>Counts what the test has put into the table of requests by itself.</summary>
    protected Task RepairTotalsAsync() => new TotalsRepair(new Contexts(ConnectionString)).RepairAsync();

    /// <summary>Changes requests as another program might, and their totals with them.</summary>
    protected async Task ChangeRequestsAsync(string sql)
    {
        await AdministerAsync(sql);
        await RepairTotalsAsync();
    }

    private async Task EnsureTotalsAsync()
    {
        if (KeepsTotals && TestContext.CurrentContext.Result.Outcome.Status != TestStatus.Failed)
        {
            Assert.That(
                await new TotalsRepair(new Contexts(ConnectionString)).VerifyAsync(), Is.EqualTo(new TotalsReport(0, 0, 0)),
                "Totals are what a count of the requests gives.");
        }
    }

    /// <summary>A new context each time: what a test reads back was written, not remembered.</summary>
    protected NexusDbContext OpenContext() => Server.Open(ConnectionString);

    private protected virtual Task<string> NewDatabaseAsync() => Server.CloneAsync();
}
