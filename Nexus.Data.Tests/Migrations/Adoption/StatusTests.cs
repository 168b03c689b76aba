using System.Text.RegularExpressions;
using Nexus.Data.Operations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>What the status says of each starting point: what it is, what is missing, and what an update would do.</summary>
public sealed partial class StatusTests : MigrationTest
{
    private static readonly string[] _keptOfBootstrap = ["column api_requests.api_key_hash"];
    private static readonly int[] _withRowChanges = [3, 7, 8, 14, 16, 18, 19];

    [TestCaseSource(typeof(StartingPoint), nameof(StartingPoint.All))]
    public async Task A_starting_point_is_called_by_its_name(StartingPoint point)
    {
        await MakeAsync(point);

        var status = await ReadStatusAsync();

        Assert.Multiple(() =>
        {
            Assert.That(
                status.Origin, Is.EqualTo(point.IsBootstrapped ? DatabaseOrigin.Bootstrap : DatabaseOrigin.Original));
            Assert.That(status.Original!.Name, Is.EqualTo(point.Name));
            Assert.That(
                status.Original.Missing, StartingPoint.Levels.Contains(point) ? Is.Empty : Is.All.Not.Empty, "of a level nothing");
            Assert.That(status.Pending, Is.EqualTo(Ids));
            Assert.That(status.Applied, Is.Empty);
            Assert.That(status.Obstacle, Is.Null);
            Assert.That(status.IsCurrent, Is.False);
            Assert.That(status.Kept, Is.EqualTo(point.IsBootstrapped ? _keptOfBootstrap : []));
        });
    }

    [Test]
    public async Task Of_a_sequence_with_failed_steps_what_is_missing_is_named()
    {
        await MakeAsync(StartingPoint.AsItRuns.Single(point => point.Name == "014 without 002, 003, 012"));
        await ExecuteAsync("DROP INDEX idx_subtask_seq; ALTER TABLE streaming_chunks DROP COLUMN token_count");

        var original = (await ReadStatusAsync()).Original!;

        Assert.Multiple(() =>
        {
            Assert.That(original.Failed, Is.EqualTo([2, 3, 12]));
            Assert.That(original.Steps, Is.EqualTo(Enumerable.Range(0, 15).Except([2, 3, 12])));
            Assert.That(
                original.Missing,
                Is.EquivalentTo([
                    "index idx_requests_conversation_subtask", "index idx_subtask_seq", "column streaming_chunks.token_count",
                ]));
        });
    }

    [Test]
    public async Task Of_the_bootstrap_file_what_the_sequence_has_more_is_missing()
    {
        await MakeAsync(StartingPoint.Bootstrapped[0]);

        Assert.That(
            (await ReadStatusAsync()).Original!.Missing,
            Is.EquivalentTo([
                "column api_requests.api_key_id", "column api_requests.completed_at", "column api_requests.ip_address",
                "view hourly_stats",
            ]));
    }

    [Test]
    public async Task The_forecast_comes_true([ValueSource(nameof(Forecasted))] StartingPoint point)
    {
        await MakeAsync(point, withRows: true);
        var before = await ReadObjectsAsync();
        var status = await ReadStatusAsync();

        await MigrateAsync();

        var after = await ReadObjectsAsync();
        var renames = status.Forecast.SelectMany(forecast => forecast.Renames).ToList();
        var made = after.Except(before).ToList();
        var inMadeTables = made.Except(made.Where(thing => Stand(made).Contains(thing.ToString()))).Select(thing => thing.ToString());
        Assert.Multiple(() =>
        {
            Assert.That(
                status.Forecast.SelectMany(forecast => forecast.Makes).Where(IsNoConstraint).Except(inMadeTables)
                    .Concat(renames.Select(NewName)),
                Is.EquivalentTo(Stand(made)));
            Assert.That(
                status.Forecast.SelectMany(forecast => forecast.Drops).Where(IsNoConstraint).Concat(renames.Select(OldName)),
                Is.EquivalentTo(Stand(before.Except(after))));
            Assert.That(status.Forecast.SelectMany(forecast => forecast.LeavesOut), Is.Empty);
            Assert.That(
                status.Forecast.Where(forecast => forecast.Rows.Count > 0)
                    .Select(forecast => SchemaMigrator.Number(forecast.Id)),
                Is.EqualTo(_withRowChanges.Where(step => !point.Has(step) && (step, point) switch
                {
                    // Where the tables are whose rows they change.
                    (14 or 19, _) => point.Has(13),
                    (18, _) => point.Has(11),
                    _ => true,
                })));
            Assert.That(
                status.Forecast.SelectMany(forecast => forecast.Rows).Where(rows => rows.Table == "api_requests")
                    .Select(rows => rows.Rows),
                Is.Not.Empty.And.All.EqualTo(status.Tables.Single(table => table.Name == "api_requests").Rows));
        });
        Assert.That((await ReadStatusAsync()).Forecast, Is.Empty);
    }

    [Test]
    public async Task Indexes_that_a_large_table_is_spared_are_named()
    {
        await MakeAsync(StartingPoint.Levels[0]);
        await ExecuteAsync("""
            INSERT INTO api_requests (request_id, domain, "timestamp", method, path, headers)
            SELECT gen_random_uuid(), 'train', now(), 'POST', '/', '{}' FROM generate_series(1, 100001);
            ANALYZE api_requests;
            """);

        var forecast = (await ReadStatusAsync()).Forecast;
        var run = await ToolRun.RunAsync("status", "--connection", ConnectionString);

        Assert.That(
            forecast.Single(step => step.Id == Id(8)).LeavesOut,
            Is.EqualTo([
                "index idx_api_requests_domain_timestamp_response", "index idx_api_requests_response_body_task",
                "index idx_api_requests_task_name",
            ]));
        Assert.That(run.Output, Does.Contain("does not build").And.Contain("(api_requests, about 100,001 rows)"));
    }

    [Test]
    public async Task The_tool_says_what_it_is_and_what_an_update_would_do()
    {
        await MakeAsync(StartingPoint.Bootstrapped[2], withRows: true);
        await ExecuteAsync("CREATE TABLE invoices (id int); CREATE INDEX ON invoices (id)");

        var run = await ToolRun.RunAsync("status", "--connection", ConnectionString);
        var json = (await ToolRun.RunAsync("status", "--json", "--connection", ConnectionString)).Json.GetProperty("status");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(
                run.Output,
                Does.Contain("made by the original program's bootstrap file with 013, 014.")
                    .And.Contain("missing column api_requests.api_key_id")
                    .And.Contain("drops constraint api_requests.api_requests_parent_request_id_fkey")
                    .And.Contain("fills total_tokens where it is null and tokens are known")
                    .And.Contain("left as it is: column api_requests.api_key_hash, table invoices")
                    .And.Contain("2 API keys are stored in clear"));
            Assert.That(json.GetProperty("origin").GetString(), Is.EqualTo("bootstrap"));
            Assert.That(json.GetProperty("original").GetProperty("name").GetString(), Does.Contain("013, 014"));
            Assert.That(json.GetProperty("forecast").GetArrayLength(), Is.Positive);
            Assert.That(json.GetProperty("clear_keys").GetInt64(), Is.EqualTo(2));
        });
    }

    [Test]
    public async Task Tables_of_another_program_with_our_names_are_named_with_the_remedy()
    {
        await ExecuteAsync("CREATE TABLE users (id int); CREATE TABLE invoices (id int)");

        var run = await ToolRun.RunAsync("status", "--connection", ConnectionString);

        Assert.That(
            run.Output,
            Does.Contain("tables of another program").And.Contain("would refuse to begin").And.Contain("Search Path=nexus")
                .And.Contain("holds users of another program").And.Contain("left as it is: table invoices"));
    }

    [Test]
    public async Task It_changes_nothing_and_waits_for_nobody()
    {
        await MakeAsync(StartingPoint.Levels[^1], withRows: true);
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await StartingPoint.ExecuteAsync(
            connection, "LOCK TABLE api_requests, trains, train_api_keys IN ACCESS EXCLUSIVE MODE");

        var status = await ReadStatusAsync(timeout: "5");

        Assert.That(status.Original!.Name, Is.EqualTo("014"));
        await transaction.RollbackAsync();
        Assert.That(await ReadAsync("""SELECT to_regclass('"__EFMigrationsHistory"') IS NULL"""), AreRows("True"));
    }

    private static IEnumerable<StartingPoint> Forecasted()
        => [StartingPoint.Levels[0], StartingPoint.Levels[7], StartingPoint.Levels[13], StartingPoint.AsItRuns[^2],
            StartingPoint.AsItRuns[^1], StartingPoint.Bootstrapped[0], StartingPoint.Bootstrapped[^2]];

    // As words, without what a table or view comes or goes with.
    private static List<string> Stand(IEnumerable<SchemaObject> things)
    {
        var all = things.ToList();
        var whole = all.Where(IsWhole).Select(thing => thing.Table).ToList();
        return
        [
            .. all.Where(thing => IsWhole(thing) || !whole.Contains(thing.Table)).Where(thing => thing.Table != "hourly_stats"
                || IsWhole(thing)).Select(thing => thing.ToString()).Where(IsNoConstraint),
        ];
    }

    private static bool IsWhole(SchemaObject thing) => thing.Kind is SchemaObject.TableKind or SchemaObject.ViewKind;

    private static bool IsNoConstraint(string thing) => !thing.StartsWith("constraint ", StringComparison.Ordinal);

    private static string OldName(string rename) => Rename().Replace(rename, "$1$2");

    private static string NewName(string rename) => Rename().Replace(rename, "$1$3");

    private async Task MakeAsync(StartingPoint point, bool withRows = false)
    {
        await using var connection = await OpenAsync();
        await point.MakeAsync(connection);
        if (withRows)
        {
            await OriginalRows.InsertAsync(connection, point);
            await StartingPoint.ExecuteAsync(connection, "ANALYZE");
        }
    }

    private Task<DatabaseStatus> ReadStatusAsync(string? timeout = null)
        => new DatabaseStatusReader(new Contexts(
            timeout is null ? ConnectionString : $"{ConnectionString};Command Timeout={timeout}")).ReadAsync();

    private async Task<List<SchemaObject>> ReadObjectsAsync()
        => [.. (await ReadAsync(SchemaObject.All)).Select(row => row.Split('|'))
            .Select(row => new SchemaObject(row[0], row[1], row[2]))];

    [GeneratedRegex(@"^(\w+ (?:\w+\.)?)(\w+) to (\w+)$")]
    private static partial Regex Rename();
}
