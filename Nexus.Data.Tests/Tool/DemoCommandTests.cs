using Microsoft.EntityFrameworkCore;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class DemoCommandTests : DatabaseTest
{
    [Test]
    public async Task On_a_database_of_ones_own_it_adds_its_rows_and_drops_nothing()
    {
        await ToolRun.RunAsync(
            ["import", "-", "--connection", ConnectionString],
            """
            {"request_id": "00000000-0000-0000-0000-000000000001", "train_id": "own", "timestamp": "2025-01-01T00:00Z"}
            """);

        var run = await ToolRun.RunAsync("demo", "--connection", ConnectionString);
        var again = await ToolRun.RunAsync("demo", "--json", "--connection", ConnectionString);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(
                run.Output,
                Does.Contain("    08:00:00 root, 120 tokens “Plan a weekend in Lisbon”")
                    .And.Contain("      subtask_1 (240 tokens)").And.Contain("125 requests: 55 conversations")
                    .And.Contain("What to try next"));
            Assert.That(run.Output.Contains('\u001b', StringComparison.Ordinal), Is.False);
            Assert.That(again.ExitCode, Is.Zero, again.Error);
            Assert.That(again.Json.GetProperty("import").GetProperty("known").GetInt32(), Is.EqualTo(125));
            Assert.That(again.Json.GetProperty("conversations").GetArrayLength(), Is.EqualTo(55));
        });
        await using var db = OpenContext();
        Assert.That(await db.Requests.CountAsync(), Is.EqualTo(126));
    }

    [Test]
    public async Task On_the_embedded_server_it_needs_nothing_and_leaves_no_server()
    {
        await using var folder = new ToolFolder();

        // The variables name no database that the demo would touch.
        folder.Variables["NEXUS_DATABASE_URL"] = folder.Variables["DATABASE_URL"] = "postgresql://127.0.0.1:1/never";
        var first = await folder.RunAsync("demo");
        var second = await folder.RunAsync("demo");

        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero, first.Error);
            Assert.That(first.Output, Does.Contain("125 requests: 55 conversations").And.Contain("embedded:nexus_demo"));
            Assert.That(second.Output, Is.EqualTo(first.Output), second.Error);
        });
        Assert.That(await EmbeddedPostgres.FindRunningAsync(folder.Path), Is.Null);

        // While another process uses the server, the demo joins it and leaves it running.
        folder.Variables.Remove("NEXUS_DATABASE_URL");
        await using (var other = await EmbeddedPostgres.StartAsync(new() { Folder = folder.Path }))
        {
            var joined = await folder.RunAsync("demo");
            var analyzed = await folder.RunAsync("analyze-conversations", "--connection", "embedded:nexus_demo");

            // Where DATABASE_URL does not count, the embedded database does, and has its tables.
            var explained = await folder.RunAsync("explain", "00000000-0000-0000-0000-000000000001");

            Assert.Multiple(() =>
            {
                Assert.That(joined.Output, Is.EqualTo(first.Output), joined.Error);
                Assert.That(analyzed.ExitCode, Is.Zero, analyzed.Error);
                Assert.That(analyzed.Output, Does.Contain("rail-club"));
                Assert.That(explained.ExitCode, Is.EqualTo(ExitCode.CheckFailed), explained.Error);
                Assert.That(explained.Error, Does.Contain("of the embedded server"));
            });
            await using var running = await EmbeddedPostgres.FindRunningAsync(folder.Path);
            Assert.That(running, Is.Not.Null);
        }

        Assert.That(await EmbeddedPostgres.FindRunningAsync(folder.Path), Is.Null);
    }
}
