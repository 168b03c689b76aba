using Nexus.Data.Tests.Chats.Importing;
using Nexus.Data.Tool;
using static Nexus.Data.Tests.Chats.Importing.OldPrograms;

namespace Nexus.Data.Tests.Tool;

public sealed class ImportChatsCommandTests : ChatImportTest
{
    [Test]
    public async Task A_team_chat_is_imported_once_and_counted()
    {
        await SourceAsync([.. ChatImportTests.TeamChat(), User(4, "ADA")]);

        var first = await RunAsync("--source-schema", Schema);
        var second = await RunAsync("--source-schema", Schema, "--json");
        var third = await RunAsync("--source-schema", Schema, "--kind", "opchat");

        Assert.Multiple(() =>
        {
            Assert.That(new[] { first, second, third }.Select(run => run.ExitCode), Is.All.Zero, first.All + second.All + third.All);
            Assert.That(first.Output, Does.Match(@"users\s+4\s+3\s+0\s+0\s+1").And.Match(@"messages\s+6\s+6\s+0\s+0\s+0"));
            Assert.That(first.Output, Does.Match(@"not carried over\s+users\s+name_taken\s+1").And.Match($@"users\s+{Id(4)}\s+name_taken\s+ADA"));
            Assert.That(first.Output, Does.Contain("16 rows were added, and the counts add up."));
            Assert.That(second.Json.GetProperty("tables")[0].GetProperty("known").GetInt64(), Is.EqualTo(3));
            Assert.That(second.Json.GetProperty("is_complete").GetBoolean(), Is.True);
            Assert.That(second.Json.GetProperty("added").GetInt64(), Is.Zero);
            Assert.That(second.Json.GetProperty("dry_run").GetBoolean(), Is.False);
            Assert.That(second.Json.GetProperty("kind").GetString(), Is.EqualTo("opchat"));
            Assert.That(second.Json.GetProperty("findings")[0].GetProperty("reason").GetString(), Is.EqualTo("name_taken"));
            Assert.That(third.Output, Does.Contain("Nothing was new: the counts add up."));
        });
    }

    [Test]
    public async Task A_dry_run_says_the_same_and_stores_nothing()
    {
        await SourceAsync(ChatImportTests.Sessions());

        var text = await RunAsync("--source-schema", Schema, "--dry-run");
        var json = await RunAsync("--source-schema", Schema, "--dry-run", "--json");

        Assert.Multiple(async () =>
        {
            Assert.That((text.ExitCode, json.ExitCode), Is.EqualTo((0, 0)), text.All + json.All);
            Assert.That(text.Output, Does.Contain("8 rows would be added"));
            Assert.That(text.Error, Does.Contain("A dry run: nothing was changed in "));
            Assert.That(json.Json.GetProperty("added").GetInt64(), Is.EqualTo(8));
            Assert.That(json.Json.GetProperty("dry_run").GetBoolean(), Is.True);
            Assert.That(await ContentAsync(), Is.Empty);
        });
    }

    [Test]
    public async Task Counts_that_do_not_add_up_are_an_error()
    {
        await SourceAsync(
            Relay(Schema), Session(1, "Trains"), "ALTER TABLE chats RENAME TO all_chats;",
            "CREATE VIEW chats AS SELECT * FROM all_chats WHERE current_query() NOT LIKE 'COPY%';", "GRANT SELECT ON chats TO PUBLIC;");

        var run = await RunAsync("--source-schema", Schema);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Output, Does.Contain("does not add up").And.Contain("rows of the source are not accounted for"));
    }

    [TestCase(ExitCode.WrongUsage, "is the one that chats are imported into")]
    [TestCase(ExitCode.CheckFailed, "looked for the tables of OpChat", "--source-schema", "nowhere")]
    [TestCase(ExitCode.WrongUsage, "Must be one of", "--kind", "slack")]
    [TestCase(ExitCode.WrongUsage, "--source-connection: The connection string", "--source-connection", "hunter2")]
    [TestCase(ExitCode.NoConnection, "There is no connection to the source", "--source-connection", "postgresql://u:hunter2@localhost:1/x")]
    public async Task What_is_no_source_is_said_without_a_password(int exitCode, string said, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(exitCode), run.All);
        Assert.That(run.Error, Does.Contain(said));
        Assert.That(run.All, Does.Not.Contain("hunter2"));
    }

    [Test]
    public async Task Help_ends_with_examples()
    {
        var run = await ToolRun.RunAsync("import-chats", "--help");

        Assert.That(run.Output, Does.Contain("Examples:").And.Contain("nexus-data import-chats").And.Contain("opchat|relay"));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync(["import-chats", .. arguments, "--connection", ConnectionString]);
}
