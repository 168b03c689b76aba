using Microsoft.EntityFrameworkCore;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class DoctorCommandTests : DatabaseTest
{
    [Test]
    public async Task A_finding_is_told_with_its_remedy_and_makes_the_exit_code_1()
    {
        var well = await RunAsync("doctor");
        await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
        await using var db = OpenContext();
        await db.Database.ExecuteSqlAsync($"UPDATE api_requests SET unlinked_because = 'A test.' WHERE link_kind = 'root'");

        var run = await RunAsync("doctor");
        var other = await RunAsync("doctor", "--check", "invalid-indexes", "--check", "schema");
        var json = await RunAsync("doctor", "--json");

        Assert.That((well.ExitCode, other.ExitCode), Is.EqualTo((0, 0)), well.All + other.All);
        Assert.That(well.Output, Does.Contain("Nothing was found wrong"));
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(run.Output, Does.Contain("wait to be linked").And.Contain("rebuild-conversations").And.Contain("rail-club"));
        Assert.That(other.Output, Does.Not.Contain("unlinked-requests"));
        Assert.That(json.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(
            string.Join(", ", json.Json.GetProperty("checks").EnumerateArray()
                .Select(check => $"{check.GetProperty("name")} {check.GetProperty("result").GetProperty("status")}")),
            Is.EqualTo("schema ok, unlinked-requests warning, stuck-analyses ok, totals ok, message-feed ok, invalid-indexes ok, "
                + "missing-indexes ok, unused-indexes ok, dead-rows ok, memory ok, role-rights ok, stored-secrets ok, clear-secrets ok"));
    }

    [Test]
    public async Task The_checks_are_listed_without_a_database_and_an_unknown_one_is_refused()
    {
        var list = await ToolRun.RunAsync("doctor", "--list");
        var unknown = await RunAsync("doctor", "--check", "nonsense");

        Assert.That(list.ExitCode, Is.Zero, list.Error);
        Assert.That(list.Output, Does.Contain("schema").And.Contain("invalid-indexes").And.Contain("unlinked-requests"));
        Assert.That(unknown.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(unknown.Error, Does.Contain("no check 'nonsense'").And.Contain("invalid-indexes"));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
