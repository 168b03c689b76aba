using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class ConversationsCommandTests : DatabaseTest
{
    [SetUp]
    public async Task Import()
    {
        var run = await ToolRun.RunAsync(["import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
    }

    [Test]
    public async Task The_latest_are_listed_with_their_figures_and_how_to_go_on()
    {
        var run = await RunAsync("--limit", "3");
        var all = await RunAsync("--limit", "500");

        Assert.That((run.ExitCode, all.ExitCode), Is.EqualTo((0, 0)), run.Error + all.Error);
        var lines = run.Output.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(5), run.Output);
        Assert.That(lines[0], Does.Match(@"conversation\s+train\s+latest\s+requests\s+failed\s+tokens\s+branches\s+models"));
        Assert.That(lines[4], Does.StartWith("There are more: the same with --cursor "));
        Assert.That(all.Output, Does.Not.Contain("--cursor").And.Match(@"\d: [^ ]* ?1 sub-task"));
        Assert.That(all.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(56));
    }

    [Test]
    public async Task All_pages_together_are_the_list()
    {
        var whole = Ids(await RunAsync("--limit", "500", "--json"));
        var paged = new List<Guid>();
        for (var page = await RunAsync("--limit", "7", "--json"); ;)
        {
            Assert.That(page.ExitCode, Is.Zero, page.Error);
            paged.AddRange(Ids(page));
            if (page.Json.GetProperty("next").GetString() is not { } next)
            {
                break;
            }

            page = await RunAsync("--limit", "7", "--json", "--cursor", next);
        }

        Assert.That(whole, Has.Count.EqualTo(55));
        Assert.That(paged, Is.EqualTo(whole));
    }

    [Test]
    public async Task Filters_leave_out_what_they_say()
    {
        var subtasks = Ids(await RunAsync("--subtasks", "--limit", "500", "--json"));
        var none = Ids(await RunAsync("--subtasks", "false", "--limit", "500", "--json"));
        var forks = await RunAsync("--forks", "--limit", "500", "--json");
        var train = await RunAsync("--train-id", "rail-club", "--from", "2025-09-01", "--to", "2026-01-01", "--json");
        var nobody = await RunAsync("--model", "no-such-model");
        var account = await RunAsync("--account", "no such account", "--json");

        Assert.That(subtasks, Is.Not.Empty);
        Assert.That(subtasks.Concat(none).Distinct().Count(), Is.EqualTo(55));
        Assert.That(subtasks.Intersect(none), Is.Empty);
        Assert.That(
            forks.Json.GetProperty("conversations").EnumerateArray().Select(one => one.GetProperty("fork_count").GetInt32()),
            Is.Not.Empty.And.All.Positive);
        Assert.That(
            train.Json.GetProperty("conversations").EnumerateArray().Select(one => one.GetProperty("train_id").GetString()),
            Is.Not.Empty.And.All.EqualTo("rail-club"));
        Assert.That((nobody.ExitCode, nobody.Output), Is.EqualTo((0, nobody.Output)), nobody.Error);
        Assert.That(nobody.Output, Does.StartWith("There is none in "));
        Assert.That(Ids(account), Is.Empty);
    }

    [TestCase("cursor", "--cursor", "abc")]
    [TestCase("--limit takes a number from 1 to 500", "--limit", "501")]
    [TestCase("--from takes a time", "--from", "yesterday")]
    [TestCase("Exchange the two times", "--from", "2025-09-02", "--to", "2025-09-01")]
    public async Task A_wrong_command_line_is_told_in_one_sentence(string sentence, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(run.Output, Is.Empty);
    }

    private static List<Guid> Ids(ToolRun run)
        => [.. run.Json.GetProperty("conversations").EnumerateArray().Select(one => one.GetProperty("conversation_id").GetGuid())];

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync(["conversations", .. arguments, "--connection", ConnectionString]);
}
