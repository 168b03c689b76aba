using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Operations;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Persistence;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>
/// A database that the original made comes to the newest version with every row, and is then like one that we made.
/// </summary>
public sealed class AdoptionTests : MigrationTest
{
    // What the catalog's lines do not say. The query of the statistics stays the original's.
    private const string Details =
        """
        SELECT 'comment ' || d.objoid::regclass || coalesce('.' || a.attname, '') || ' ' || d.description
        FROM pg_description d
        JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
        LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
        WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname <> 'trigger_set_timestamp'
        UNION ALL
        SELECT 'not valid ' || conname FROM pg_constraint WHERE NOT convalidated
        UNION ALL
        SELECT 'not valid ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
        """;

    private static readonly string[] _foreign = ["cost_centre", "reviewed_at", "invoices", "foreign_report"];

    private static readonly Lazy<Task<(List<string> Catalog, List<string> Details)>> _new = new(ReadNewAsync);

    [TestCaseSource(typeof(StartingPoint), nameof(StartingPoint.All))]
    public async Task It_comes_to_the_newest_version_and_every_row_is_there(StartingPoint point)
    {
        await MakeAsync(point);
        var before = await ReadCatalogAsync();

        var migrator = new SchemaMigrator(new Contexts(ConnectionString));
        await migrator.ApplyAsync(await migrator.PlanAsync(retireClearKeys: true));

        var (catalog, details) = await _new.Value;
        var changes = await ReadChangesAsync(point);
        var stays = before.Where(IsForeign).ToList();
        Assert.Multiple(async () =>
        {
            Assert.That(changes.Unexpected, Is.Empty, "rows");
            Assert.That(changes.Allowed, Is.EquivalentTo(AllowedChanges.Expected(point)), "changes that a step says");
            Assert.That(
                await ReadCatalogAsync(),
                Is.EquivalentTo([.. catalog, .. AllowedChanges.LinesThatStay(point), .. stays]), "catalog");
            Assert.That(stays, HasForeign(point) ? Is.Not.Empty : Is.Empty);
            Assert.That(await ReadAsync(Details), Is.EquivalentTo(details), "comments, functions, what is valid");
            Assert.That(await ReadAsync("SELECT refresh_hourly_stats(); SELECT count(*) FROM hourly_stats"), Is.Not.Empty);
            Assert.That(
                (await new Doctor(new Contexts(ConnectionString), [new MissingIndexCheck(new OwnSchema(new Contexts(ConnectionString)))]).RunAsync()).Single().Result.Status,
                Is.EqualTo(CheckStatus.Ok), "indexes");
        });
        await AssertReadableAsync();
        await AssertSecondUpdateChangesNothingAsync();
        if (TestScale.IsFull || point.Level is 0 or 2 or 7 or 14 || point.IsBootstrapped)
        {
            await AssertRebuildLinksAsync(point);
        }
    }

    [TestCaseSource(nameof(WaysBack))]
    public async Task The_way_back_to_014_loses_no_row_and_what_others_have_added_and_leads_forth_again(StartingPoint point)
    {
        await MakeAsync(point);
        var stays = (await ReadCatalogAsync()).Where(IsForeign).ToList();
        await MigrateAsync();

        await MigrateAsync(14);
        var (back, lost) = (await ReadCatalogAsync(), await ReadLostAsync());
        await MigrateAsync();

        var (catalog, _) = await _new.Value;
        Assert.Multiple(async () =>
        {
            Assert.That(lost, Is.Empty);
            Assert.That(Catalog.ExpectedColumns(14).Except(Catalog.Columns(back)), Is.Empty, "columns of 014");
            Assert.That(Catalog.Columns(back), Has.None.EqualTo("api_requests.link_hash"));
            Assert.That(stays.Except(back), Is.Empty, "what others have added");
            Assert.That(
                await ReadCatalogAsync(),
                Is.EquivalentTo([.. catalog, .. AllowedChanges.LinesThatStay(point), .. stays]), "catalog");
            Assert.That(await ReadLostAsync(), Is.Empty);
        });
    }

    private static IEnumerable<StartingPoint> WaysBack
        => StartingPoint.All.Where(point => TestScale.IsFull || point.Level is 0 or 7 or 14 || point.IsBootstrapped);

    // The tables that were kept, with their keys.
    private async Task<IEnumerable<(string Table, string Key)>> ReadKeptAsync()
        => (await ReadAsync("SELECT relname FROM pg_class WHERE relnamespace = 'kept'::regnamespace"))
            .Select(table => (table, table == "api_requests" ? "request_id" : "id"));

    private async Task<List<string>> ReadLostAsync()
    {
        var lost = new List<string>();
        foreach (var (table, key) in await ReadKeptAsync())
        {
            lost.AddRange(await ReadAsync($"SELECT '{table} ' || {key} FROM kept.{table} EXCEPT SELECT '{table} ' || {key} FROM public.{table}"));
        }

        return lost;
    }

    private static bool HasForeign(StartingPoint point) => point.Level % 2 == 1 || point.Name.EndsWith("014", StringComparison.Ordinal);

    private static bool IsForeign(string line) => _foreign.Any(name => line.Contains(name, StringComparison.Ordinal));

    private static async Task<(List<string> Catalog, List<string> Details)> ReadNewAsync()
    {
        var connectionString = await Server.CloneAsync();
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Details, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var details = new List<string>();
        while (await reader.ReadAsync())
        {
            details.Add(reader.GetString(0));
        }

        return (await Catalog.ReadAsync(connectionString), details);
    }

    // The rows are kept beside, as they are, for the comparison.
    private async Task MakeAsync(StartingPoint point)
    {
        await using var connection = await OpenAsync();
        await point.MakeAsync(connection);
        await OriginalRows.InsertAsync(connection, point);
        if (HasForeign(point))
        {
            await StartingPoint.ExecuteAsync(connection, await StartingPoint.ReadAsync("Foreign.sql"));
        }

        await StartingPoint.ExecuteAsync(connection, """
            CREATE SCHEMA kept;
            DO $$
            DECLARE
                name text;
            BEGIN
                FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
                    EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name);
                END LOOP;
            END $$;
            """);
    }

    private async Task<(List<string> Unexpected, HashSet<(int Step, string Column)> Allowed)> ReadChangesAsync(
        StartingPoint point)
    {
        var unexpected = new List<string>();
        var allowed = new HashSet<(int, string)>();
        foreach (var (table, key) in await ReadKeptAsync())
        {
            await using var connection = await OpenAsync();
            await using var command = new NpgsqlCommand(
                $"""
                SELECT to_jsonb(kept)::text, to_jsonb(now)::text
                FROM kept.{table} AS kept FULL JOIN public.{table} AS now USING ({key})
                """,
                connection);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                if (reader.IsDBNull(0) || reader.IsDBNull(1))
                {
                    unexpected.Add($"{table}: {(reader.IsDBNull(0) ? "new " + reader[1] : "lost " + reader[0])}");
                    continue;
                }

                var kept = JsonNode.Parse(reader.GetString(0))!.AsObject();
                var now = JsonNode.Parse(reader.GetString(1))!.AsObject();
                foreach (var (column, value) in kept)
                {
                    // The rename of 012.
                    var name = column == "domain" ? "train_id" : column;
                    if (now.ContainsKey(name) && JsonNode.DeepEquals(value, now[name]))
                    {
                        continue;
                    }

                    if (AllowedChanges.StepOf(point, table, name, kept, now) is { } step)
                    {
                        allowed.Add((step, name));
                    }
                    else
                    {
                        unexpected.Add($"{table} {now[key]}: {column} was {value} and is {now[name]}");
                    }
                }
            }
        }

        return (unexpected, allowed);
    }

    // A null where the library expects none would show here.
    private async Task AssertReadableAsync()
    {
        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(await db.Requests.AsNoTracking().ToListAsync(), Has.Count.GreaterThan(125));
            Assert.That(await db.StreamingChunks.AsNoTracking().ToListAsync(), Has.Count.EqualTo(7));
            Assert.That(async () => await db.HourlyStats.ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.Analyses.AsNoTracking().ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.AuditLog.AsNoTracking().ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.Trains.AsNoTracking().ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.TrainAccounts.AsNoTracking().ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.TrainMembers.AsNoTracking().ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.TrainApiKeys.AsNoTracking().ToListAsync(), Throws.Nothing);
            Assert.That(async () => await db.Credentials.AsNoTracking().ToListAsync(), Throws.Nothing);
        });
    }

    // As the rules have it, however the original had linked them; its hashes stay.
    private async Task AssertRebuildLinksAsync(StartingPoint point)
    {
        await new ConversationRebuilder(new Contexts(ConnectionString)).RebuildAsync(new() { Execute = true });

        await using (var db = OpenContext())
        {
            await GoldenLog.AssertLinksAsync(db, isAdopted: true);
        }

        string[] hashes = ["current_message_hash", "parent_message_hash", .. point.Has(6) ? new[] { "system_hash" } : []];
        foreach (var hash in point.HasConversations ? hashes : [])
        {
            var rows = await ReadAsync($"""
                SELECT request_id FROM kept.api_requests JOIN public.api_requests AS now USING (request_id)
                WHERE kept.api_requests.{hash} IS NOT NULL AND kept.api_requests.{hash} IS DISTINCT FROM now.{hash}
                """);
            Assert.That(rows, Is.Empty, hash);
        }
    }

    private async Task AssertSecondUpdateChangesNothingAsync()
    {
        var catalog = await ReadCatalogAsync();
        var versions = await ReadRowVersionsAsync();

        await using (var db = OpenContext())
        {
            await db.Database.MigrateAsync();
        }

        Assert.Multiple(async () =>
        {
            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(catalog));
            Assert.That(await ReadRowVersionsAsync(), Is.EqualTo(versions));
        });
    }

    // Every row of every table, the history's and the catalog's own too, by the transaction that wrote it.
    private async Task<List<string>> ReadRowVersionsAsync()
    {
        var tables = await ReadAsync("SELECT oid::regclass::text FROM pg_class "
            + "WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'kept'::regnamespace) ORDER BY 1");
        string[] catalog = ["pg_class", "pg_attribute", "pg_description", "pg_proc", "pg_constraint", "pg_index"];
        var versions = new List<string>();
        foreach (var table in tables.Concat(catalog))
        {
            versions.Add($"{table}: " + string.Join(',', await ReadAsync($"SELECT xmin, ctid::text FROM {table} ORDER BY ctid")));
        }

        return versions;
    }
}
