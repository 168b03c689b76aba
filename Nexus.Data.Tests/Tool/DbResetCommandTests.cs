using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

/// <summary>The verbs that drop everything, and those that make it anew.</summary>
public sealed class DbResetCommandTests : DatabaseTest
{
    private static readonly Dictionary<string, string> _production = new() { ["NEXUS_ENVIRONMENT"] = "production" };

    private string Name => new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

    [TestCase("db-hard-reset", false)]
    [TestCase("db_hard_reset", false)]
    [TestCase("db:hard-reset", false)]
    [TestCase("reset", true)]
    [TestCase("db-reset", true)]
    [TestCase("db-sync-force", true)]
    public async Task After_the_databases_name_everything_is_dropped(string verb, bool isMadeAnew)
    {
        var tables = isMadeAnew ? await TablesAsync() : 0;
        await FillAsync();

        var run = await RunAsync([verb], input: $"{Name}\n");

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(
                run.Error,
                Does.Contain("  public.api_requests with 125 rows").And.Contain("  public.notes with 2 rows, of another program")
                    .And.Contain($"Type the database's name, {Name}"));
            Assert.That(run.Output, Does.Contain("dropped.").And.Contain("is empty"));
            Assert.That(await TablesAsync(), Is.EqualTo(tables));
        });
    }

    [TestCase("db-hard-reset")]
    [TestCase("reset")]
    [TestCase("db-reset-and-setup")]
    public async Task Whoever_does_not_type_it_keeps_everything(string verb)
    {
        await FillAsync();
        var before = await TablesAsync();

        var silent = await RunAsync([verb]);
        var wrong = await RunAsync([verb], input: "yes\n");
        var production = await RunAsync([verb, "--yes"], variables: _production);
        var dry = await RunAsync([verb, "--dry-run"], variables: _production);

        Assert.Multiple(async () =>
        {
            Assert.That(
                (silent.ExitCode, wrong.ExitCode, production.ExitCode, dry.ExitCode),
                Is.EqualTo((ExitCode.Refused, ExitCode.Refused, ExitCode.Refused, ExitCode.Done)), silent.All + production.All + dry.All);
            Assert.That(wrong.Error, Does.Contain("Not confirmed: nothing was changed"));
            Assert.That(production.Error, Does.Contain("NEXUS_ENVIRONMENT says production"));
            Assert.That(dry.Error, Does.Contain("public.api_requests with 125 rows").And.Contain("A dry run: nothing was changed"));
            Assert.That(dry.Output, Does.Contain("would be dropped"));
            Assert.That(await TablesAsync(), Is.EqualTo(before));
        });
    }

    [Test]
    public async Task In_production_it_is_done_where_that_is_said_in_words()
    {
        await FillAsync();

        var run = await RunAsync(["db-hard-reset", "--yes", "--in-production"], variables: _production);

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(await TablesAsync(), Is.Zero);
    }

    [Test]
    public async Task An_empty_database_stays_so_without_a_question()
    {
        var tables = await TablesAsync();
        await RunAsync(["db-hard-reset", "--yes"]);

        var again = await RunAsync(["db-hard-reset"]);
        var reset = await RunAsync(["reset"]);

        Assert.That((again.ExitCode, reset.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.Done)), again.All + reset.All);
        Assert.That(again.Output, Does.StartWith("Nothing to drop: "));
        Assert.That(await TablesAsync(), Is.EqualTo(tables));
    }

    [Test]
    public async Task JSON_has_what_went()
    {
        await FillAsync();

        var dry = await RunAsync(["db-hard-reset", "--json", "--dry-run"]);
        var run = await RunAsync(["reset", "--json", "--yes"]);

        Assert.Multiple(() =>
        {
            Assert.That(dry.Json.GetProperty("dry_run").GetBoolean(), Is.True);
            Assert.That(
                dry.Json.GetProperty("tables").EnumerateArray()
                    .Single(table => table.GetProperty("name").GetString() == "public.api_requests").GetProperty("rows").GetInt64(),
                Is.EqualTo(125));
            var steps = run.Json.GetProperty("steps");
            Assert.That(run.Json.GetProperty("dry_run").GetBoolean(), Is.False);
            Assert.That(
                steps.EnumerateArray().Select(step => step.GetProperty("name").GetString()), Is.EqualTo(["db-hard-reset", "migrate"]));
            Assert.That(steps[0].GetProperty("result").GetProperty("rows").GetInt64(), Is.GreaterThan(127));
            Assert.That(steps[1].GetProperty("result").GetProperty("plan").GetProperty("apply").GetArrayLength(), Is.GreaterThan(20));
        });
    }

    [Test]
    public async Task The_database_of_another_program_is_never_meant([Values("db-hard-reset", "reset")] string verb)
    {
        var tables = await TablesAsync();

        var run = await ToolRun.RunAsync(
            [verb, "--yes"],
            variables: new Dictionary<string, string>
            {
                ["DATABASE_URL"] = await AdministratorAsync(),
                ["ADMIN_DATABASE_URL"] = await AdministratorAsync(),
                ["NEXUS_DATABASE_URL"] = "postgresql://somebody@127.0.0.1:1/ours",
            });

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.NoConnection), run.All);
        Assert.That(await TablesAsync(), Is.EqualTo(tables));
    }

    // The application's role owns nothing.
    [Test]
    public async Task Who_may_not_drop_is_refused_with_the_remedy()
    {
        var before = await TablesAsync();

        var run = await ToolRun.RunAsync("db-hard-reset", "--yes", "--connection", ConnectionString);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused), run.All);
        Assert.That(run.Error, Does.Contain("Nothing was changed").Or.Contain("may not do that"));
        Assert.That(await TablesAsync(), Is.EqualTo(before));
    }

    private async Task FillAsync()
    {
        await ToolRun.RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString);
        await AdministerAsync("CREATE TABLE public.notes AS SELECT generate_series(1, 2) AS n");
    }

    private async Task<ToolRun> RunAsync(
        string[] arguments, string input = "", IReadOnlyDictionary<string, string>? variables = null)
        => await ToolRun.RunAsync([.. arguments, "--connection", await AdministratorAsync()], input, variables);

    private async Task<int> TablesAsync()
    {
        await using var db = Server.Open(await AdministratorAsync());
        return await db.Database.SqlQuery<int>(
            $"""SELECT count(*)::int AS "Value" FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""").SingleAsync();
    }
}
