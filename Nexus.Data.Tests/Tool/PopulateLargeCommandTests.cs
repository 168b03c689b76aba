using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class PopulateLargeCommandTests : DatabaseTest
{
    private static readonly string[] _little = ["--users", "20", "--groups", "5", "--direct-chats", "10", "--messages", "200", "--days", "30"];

    [Test]
    public async Task Many_rows_of_any_number_are_added()
    {
        var first = await RunAsync([.. _little, "--until", "2025-06-01"]);
        var again = await RunAsync(_little);
        var other = await RunAsync([.. _little, "--seed", "7", "--json"]);

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((first.ExitCode, again.ExitCode, other.ExitCode), Is.EqualTo((0, ExitCode.CheckFailed, 0)), first.All + again.All + other.All);
            Assert.That(first.Output, Does.Match(@"users\s+20\s+20\s+0").And.Match(@"messages\s+200\s+200\s+0").And.Contain("as of 2025-06-01 00:00:00Z."));
            Assert.That(again.Error, Does.Contain("Rows of seed 1 are there already"));
            Assert.That(other.Json.GetProperty("tables")[3].GetProperty("added").GetInt64(), Is.EqualTo(200));
            Assert.That(await db.Messages.CountAsync(), Is.EqualTo(400));
        });
    }

    [Test]
    public async Task A_dry_run_stores_nothing_and_production_is_no_place_for_it()
    {
        var dry = await RunAsync([.. _little, "--dry-run"]);
        var production = await ToolRun.RunAsync(
            ["populate-large", "--yes", "--connection", ConnectionString],
            variables: new Dictionary<string, string> { ["DOTNET_ENVIRONMENT"] = "production" });

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That((dry.ExitCode, production.ExitCode), Is.EqualTo((0, ExitCode.Refused)), dry.All + production.All);
            Assert.That(dry.Output, Does.Contain("rows would be added"));
            Assert.That(await db.Users.AnyAsync(), Is.False);
        });
    }

    [Test]
    public async Task Requests_come_with_it_on_request()
    {
        var dry = await RunAsync([.. _little, "--requests", "300", "--dry-run"]);
        var stored = await CountAsync();
        var run = await RunAsync([.. _little, "--requests", "300", "--json"]);

        Assert.Multiple(async () =>
        {
            Assert.That((dry.ExitCode, run.ExitCode, stored), Is.EqualTo((0, 0, 0)), dry.All + run.All);
            Assert.That(dry.Output, Does.Match(@"api_requests\s+300\s+300\s+0"));
            Assert.That(run.Json.GetProperty("tables")[9].GetProperty("added").GetInt64(), Is.EqualTo(300));
            Assert.That(await CountAsync(), Is.EqualTo(300));
        });

        async Task<int> CountAsync()
        {
            await using var db = OpenContext();
            return await db.Requests.CountAsync();
        }
    }

    [TestCase("populate_large")]
    [TestCase("db:populate-large")]
    [TestCase("db-populate-large")]
    public async Task It_is_known_by_the_names_that_people_type(string name)
    {
        var run = await ToolRun.RunAsync(["--connection", ConnectionString, name, .. _little]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
    }

    [TestCase("pairs", "--users", "3")]
    [TestCase("future", "--until", "2999-01-01")]
    [TestCase("--days", "--days", "many")]
    [TestCase("0 to 10,000,000 requests", "--requests", "-1")]
    public async Task A_wrong_number_is_wrong_usage(string said, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain(said));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync(["populate-large", .. arguments, "--connection", ConnectionString]);
}
