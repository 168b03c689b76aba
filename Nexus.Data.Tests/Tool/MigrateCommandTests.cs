using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class MigrateCommandTests : EmptyDatabaseTest
{
    [Test]
    public async Task An_empty_database_comes_to_the_newest_version_and_back_without_a_question()
    {
        var up = await RunAsync("migrate");
        var again = await RunAsync("migrate");
        var down = await RunAsync("migrate", "--to", "007");
        var byName = await RunAsync("migrate", "--to", "addconversationtracking");
        var nothing = await RunAsync("migrate", "--to", "nothing");

        Assert.Multiple(() =>
        {
            Assert.That(up.ExitCode, Is.Zero, up.Error);
            Assert.That(up.Output, Does.Contain("apply 000 InitDatabase").And.Contain("apply 014 TrainMembers"));
            Assert.That(again.Output, Does.StartWith("Nothing to do"));
            Assert.That(down.Output, Does.Contain("revert 008").And.Contain("at 007 AddParentRequestId"));
            Assert.That(byName.Output, Does.Contain("at 001 AddConversationTracking"));
            Assert.That(nothing.ExitCode, Is.Zero, nothing.Error);
            Assert.That(nothing.Output, Does.Contain("at no version"));
        });
        await using var db = OpenContext();
        Assert.That(await db.Database.GetAppliedMigrationsAsync(), Is.Empty);
    }

    [Test]
    public async Task A_dry_run_lists_the_steps_and_does_nothing()
    {
        var run = await RunAsync("migrate", "--dry-run", "--to", "1");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(
            run.Output.Split(Environment.NewLine),
            Has.Exactly(1).EqualTo("would apply 000 InitDatabase")
                .And.Exactly(1).EqualTo("would apply 001 AddConversationTracking").And.None.StartsWith("would apply 002"));
        await using var db = OpenContext();
        Assert.That(await db.Database.GetAppliedMigrationsAsync(), Is.Empty);
    }

    [Test]
    public async Task In_production_rows_are_given_up_only_where_that_is_said_in_words()
    {
        await RunAsync("migrate");
        await ToolRun.RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString);
        var production = new Dictionary<string, string> { ["NEXUS_ENVIRONMENT"] = "production" };
        string[] line = ["migrate", "--to", "nothing", "--yes", "--connection", ConnectionString];

        var refused = await ToolRun.RunAsync(line, variables: production);
        await using var db = OpenContext();
        var kept = await db.Requests.CountAsync();
        var meant = await ToolRun.RunAsync([.. line, ProductionGuard.Name], variables: production);

        Assert.That((refused.ExitCode, kept > 0, meant.ExitCode), Is.EqualTo((ExitCode.Refused, true, 0)), refused.All + meant.All);
    }

    [Test]
    public async Task An_unknown_migration_is_answered_with_those_there_are()
    {
        var run = await RunAsync("migrate", "--to", "099");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(run.Error, Does.Contain("'099'").And.Contain("007 AddParentRequestId"));
    }

    [Test]
    public async Task JSON_has_the_plan()
    {
        var run = await RunAsync("migrate", "--json");

        var plan = run.Json.GetProperty("plan");
        Assert.That(plan.GetProperty("apply").GetArrayLength(), Is.GreaterThan(15));
        Assert.That(plan.GetProperty("revert").GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task What_a_migration_tells_is_on_standard_error_beside_JSON()
    {
        await RunAsync("migrate", "--to", "017");
        await ExecuteAsync(
            """
            INSERT INTO trains (train_id, name) VALUES ('rail-club', 'Rail Club');
            INSERT INTO train_members (train_id, user_email, role, added_by, added_at)
            SELECT id, email, 'owner', E'root\x1b[2J', at::timestamptz
            FROM trains, (VALUES ('Ada@x.org', '2025-01-01Z'), ('ada@x.org', '2025-02-01Z')) AS member (email, at);
            """);

        var run = await RunAsync("migrate", "--to", "018", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.Json.GetProperty("plan").GetProperty("apply").GetArrayLength(), Is.EqualTo(1));
        Assert.That(run.Error, Does.Match("member (A|a)da@x.org .*was merged into (A|a)da@x.org").And.Not.Match("\x1b"));
    }

    [TestCase("", 3)]
    [TestCase("another_database\n", 3)]
    [TestCase("{name}\n", 0)]
    public async Task A_step_down_that_drops_rows_wants_the_name_of_the_database(string typed, int exitCode)
    {
        var name = await HaveRowsAsync();

        var run = await ToolRun.RunAsync(
            ["migrate", "--to", "014", "--connection", ConnectionString],
            typed.Replace("{name}", name, StringComparison.Ordinal));

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(exitCode), run.All);
            Assert.That(
                run.Error,
                Does.Contain(name).And.Contain("table task_prompts with 8 rows")
                    .And.Contain("column api_requests.link_kind with 124 values")
                    .And.Not.Contain("is_altered").And.Not.Contain("with 0 "));
        });
        Assert.That(await IsAt014Async(), Is.EqualTo(exitCode == 0));
    }

    [Test]
    public async Task Yes_answers_the_question_and_a_dry_run_asks_none()
    {
        await HaveRowsAsync();

        var dry = await RunAsync("migrate", "--to", "014", "--dry-run");
        Assert.That(await IsAt014Async(), Is.False);
        var run = await RunAsync("migrate", "--to", "014", "--yes");

        Assert.That(dry.ExitCode, Is.Zero, dry.Error);
        Assert.That(dry.Output, Does.Contain("would lose table task_prompts with 8 rows"));
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(await IsAt014Async(), Is.True);
    }

    [Test]
    public async Task Only_an_empty_database_is_initialised()
    {
        var dry = await RunAsync("init-database", "--dry-run");
        var first = await RunAsync("init-database");
        var second = await RunAsync("init-database");

        Assert.Multiple(() =>
        {
            Assert.That(dry.Output, Does.Contain("would apply 000"));
            Assert.That(first.ExitCode, Is.Zero, first.Error);
            Assert.That(second.ExitCode, Is.EqualTo(ExitCode.Refused));
            Assert.That(second.Error, Does.Contain("nexus-data migrate"));
        });
    }

    [Test]
    public async Task Another_programs_database_is_not_initialised()
    {
        await ExecuteAsync("CREATE TABLE invoices (id int)");

        var run = await RunAsync("init-database");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused));
        Assert.That(run.Error, Does.Contain("another program"));
    }

    [Test]
    public async Task The_script_initialises_as_well_and_needs_no_connection()
    {
        var script = await ToolRun.RunAsync("init-database", "--sql");
        await ExecuteAsync(script.Output);

        var status = await RunAsync("status");

        Assert.That(script.ExitCode, Is.Zero, script.Error);
        Assert.That(status.ExitCode, Is.Zero, status.All);
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);

    private async Task<string> HaveRowsAsync()
    {
        await RunAsync("migrate");
        var import = await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
        Assert.That(import.ExitCode, Is.Zero, import.Error);
        return new NpgsqlConnectionStringBuilder(ConnectionString).Database!;
    }

    private async Task<bool> IsAt014Async()
    {
        await using var db = OpenContext();
        var applied = await db.Database.GetAppliedMigrationsAsync();
        return applied.Last() == "20250101000014_TrainMembers";
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
