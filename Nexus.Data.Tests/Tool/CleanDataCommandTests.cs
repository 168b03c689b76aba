using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class CleanDataCommandTests : DatabaseTest
{
    [Test]
    public async Task People_and_chats_go_after_a_question_and_the_rest_stays()
    {
        await FillAsync();
        var before = await CountRowsAsync();

        var refused = await RunAsync("wrong name");
        var dry = await RunAsync("", "--dry-run");
        var unchanged = await CountRowsAsync();
        var run = await RunAsync(Name);
        var again = await RunAsync("", "--json");

        var after = await CountRowsAsync();
        Assert.Multiple(() =>
        {
            Assert.That(
                (refused.ExitCode, dry.ExitCode, run.ExitCode, again.ExitCode),
                Is.EqualTo((ExitCode.Refused, 0, 0, 0)), refused.All + dry.All + run.All + again.All);
            Assert.That(unchanged, Is.EqualTo(before));
            Assert.That(refused.Error, Does.Contain("removes 35 rows").And.Contain("messages 16").And.Contain("users 5").And.Contain(Name));
            Assert.That(dry.Output, Does.Contain("35 rows would be removed"));
            Assert.That(run.Output, Does.Contain("35 rows were removed"));
            Assert.That(again.Json.GetProperty("tables").EnumerateArray().Sum(table => table.GetProperty("rows").GetInt64()), Is.Zero);
            Assert.That(after.Keys.Where(table => after[table] != before[table]), Is.EquivalentTo(["users", "chats", "chat_members", "messages"]));
            Assert.That(after["messages"] + after["users"] + after["chats"] + after["chat_members"], Is.Zero);
        });
    }

    [Test]
    public async Task Everything_goes_but_settings()
    {
        await FillAsync();
        await AdministerAsync("INSERT INTO model_prices VALUES ('m', '2025-01-01', 1, 1, 1, 1)");
        var before = await CountRowsAsync();

        var run = await ToolRun.RunAsync(["clean-data", "--all", "--yes", "--connection", await AdministratorAsync()]);

        var after = await CountRowsAsync();
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(before["api_requests"], Is.GreaterThan(0));
            Assert.That(after.Where(table => table.Value > 0).Select(table => table.Key), Is.EquivalentTo(["__EFMigrationsHistory", "model_prices"]));
        });
    }

    [Test]
    public async Task What_the_role_may_not_empty_stays_and_so_does_the_rest()
    {
        await FillAsync();
        var before = await CountRowsAsync();

        var run = await RunAsync("", "--all", "--yes");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused), run.All);
        Assert.That(run.Error, Does.Contain("may not delete from analysis_audit_log").And.Contain("Connect as the tables' owner"));
        Assert.That(await CountRowsAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task A_table_of_another_program_says_itself_what_becomes_of_its_rows()
    {
        await FillAsync();
        await AdministerAsync(
            """
            CREATE TABLE theirs (user_id uuid REFERENCES users ON DELETE SET NULL);
            INSERT INTO theirs SELECT id FROM users
            """);

        var run = await ToolRun.RunAsync(["clean-data", "--yes", "--connection", await AdministratorAsync()]);

        var rows = await CountRowsAsync();
        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That((rows["theirs"], rows["users"]), Is.EqualTo((5L, 0L)));
    }

    [Test]
    public async Task In_production_it_is_refused_unless_it_is_said_in_words()
    {
        await FillAsync();
        var production = new Dictionary<string, string> { ["NEXUS_ENVIRONMENT"] = "production" };

        var refused = await ToolRun.RunAsync(["clean-data", "--yes", "--connection", ConnectionString], variables: production);
        var before = await CountRowsAsync();
        var meant = await ToolRun.RunAsync(
            ["clean-data", "--yes", ProductionGuard.Name, "--connection", ConnectionString], variables: production);

        Assert.Multiple(async () =>
        {
            Assert.That((refused.ExitCode, meant.ExitCode), Is.EqualTo((ExitCode.Refused, 0)), refused.All + meant.All);
            Assert.That(before["users"], Is.EqualTo(5));
            Assert.That((await CountRowsAsync())["users"], Is.Zero);
        });
    }

    private string Name => new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

    private Task<ToolRun> RunAsync(string input, params string[] arguments)
        => ToolRun.RunAsync(["clean-data", .. arguments, "--connection", ConnectionString], input);

    private async Task FillAsync()
    {
        await ToolRun.RunAsync("populate", "--connection", ConnectionString);
        await ToolRun.RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString);
    }
}
