using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class PopulateCommandTests : DatabaseTest
{
    [Test]
    public async Task A_few_people_and_their_chats_are_added_once()
    {
        var first = await RunAsync("--at", "2025-03-01T12:00Z");
        var second = await RunAsync();
        var json = await RunAsync("--json");

        Assert.Multiple(() =>
        {
            Assert.That(new[] { first, second, json }.Select(run => run.ExitCode), Is.All.Zero, first.All + second.All + json.All);
            Assert.That(first.Output, Does.Match(@"users\s+5\s+5\s+0").And.Match(@"messages\s+16\s+16\s+0"));
            Assert.That(first.Output, Does.Contain("35 rows were added and 0 put right").And.Contain("as of 2025-03-01 12:00:00Z."));
            Assert.That(second.Output, Does.Contain("Everything was there"));
            Assert.That(json.Json.GetProperty("tables")[3].GetProperty("rows").GetInt64(), Is.EqualTo(16));
            Assert.That(json.Json.GetProperty("added").GetInt64(), Is.Zero);
            Assert.That(json.Json.GetProperty("dry_run").GetBoolean(), Is.False);
        });
    }

    [Test]
    public async Task A_dry_run_says_the_same_and_stores_nothing()
    {
        var run = await RunAsync("--dry-run");

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(run.Output, Does.Contain("35 rows would be added"));
            Assert.That(run.Error, Does.Contain("A dry run: nothing was changed in "));
            Assert.That(await db.Users.AnyAsync(), Is.False);
        });
    }

    [Test]
    public async Task Requests_come_with_it_on_request_and_once()
    {
        var dry = await RunAsync("--requests", "40", "--dry-run");
        var first = await RunAsync("--requests", "40");
        var second = await RunAsync("--requests", "40");
        var many = await RunAsync("--requests", "20001");

        await using var db = OpenContext();
        Assert.Multiple(async () =>
        {
            Assert.That(new[] { dry, first, second, many }.Select(run => run.ExitCode), Is.EqualTo([0, 0, 0, ExitCode.WrongUsage]), dry.All + first.All + second.All);
            Assert.That(dry.Output, Does.Match(@"api_requests\s+40\s+40\s+0"));
            Assert.That(first.Output, Does.Match(@"api_requests\s+40\s+40\s+0").And.Match(@"trains\s+5\s+5\s+0"));
            Assert.That(second.Output, Does.Match(@"api_requests\s+40\s+0\s+0").And.Contain("Everything was there"));
            Assert.That(many.Error, Does.Contain("take a large one"));
            Assert.That(await db.Requests.CountAsync(), Is.EqualTo(40));
        });
    }

    [Test]
    public async Task It_has_no_place_in_production()
    {
        var variables = new Dictionary<string, string> { ["NEXUS_ENVIRONMENT"] = "Production" };

        var run = await ToolRun.RunAsync(["populate", "--yes", "--connection", ConnectionString], variables: variables);

        await using var db = OpenContext();
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Refused), run.All);
        Assert.That(run.Error, Does.Contain("NEXUS_ENVIRONMENT says production"));
        Assert.That(await db.Users.AnyAsync(), Is.False);
    }

    [Test]
    public async Task A_file_that_is_wrong_or_not_there_is_wrong_usage()
    {
        var missing = await RunAsync("--users", "/no/such/file.json");

        Assert.That(missing.ExitCode, Is.EqualTo(ExitCode.WrongUsage), missing.All);
        Assert.That(missing.Error, Does.Contain("/no/such/file.json cannot be read"));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync(["populate", .. arguments, "--connection", ConnectionString]);
}
