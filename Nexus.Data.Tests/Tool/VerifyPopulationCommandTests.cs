using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class VerifyPopulationCommandTests : DatabaseTest
{
    [Test]
    public async Task What_was_populated_is_shown_and_holds()
    {
        await ToolRun.RunAsync("populate", "--connection", ConnectionString);

        var run = await ToolRun.RunAsync("verify-population", "--connection", ConnectionString);
        var json = await ToolRun.RunAsync("verify_population", "--json", "--connection", ConnectionString);

        Assert.Multiple(() =>
        {
            Assert.That((run.ExitCode, json.ExitCode), Is.EqualTo((0, 0)), run.All);
            Assert.That(run.Output, Does.Match(@"users\s+5").And.Match(@"messages\s+16").And.Match(@"alice, bob\s+direct\s+2\s+3")
                .And.Match(@"unread\s+ok").And.Match("All [0-9]+ checks hold"));
            Assert.That(json.Json.GetProperty("is_right").GetBoolean(), Is.True);
            Assert.That(json.Json.GetProperty("population").GetProperty("rooms").GetArrayLength(), Is.EqualTo(4));
        });
    }

    [Test]
    public async Task What_does_not_hold_is_told_with_examples_and_exit_code_1()
    {
        await ToolRun.RunAsync("populate", "--connection", ConnectionString);
        await AdministerAsync("UPDATE chat_members SET role = 'member'; UPDATE chats SET last_accessed_at = now() + '1 day'");

        var run = await ToolRun.RunAsync("db:verify-population", "--connection", ConnectionString);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(run.Output, Does.Match(@"admins\s+failed").And.Contain("admins: 2 wrong").And.Contain("future: 4 wrong")
                .And.Contain("  chat 91f8b74b-6f83-ccef-925b-a32648e0dc15").And.Contain("2 of "));
        });
    }

    [Test]
    public async Task Where_there_is_nobody_there_is_nothing_to_hold()
    {
        var run = await ToolRun.RunAsync("verify-population", "--connection", ConnectionString);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Output, Does.Contain("The table users is empty."));
    }
}
