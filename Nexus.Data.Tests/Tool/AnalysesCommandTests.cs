using Nexus.Data.Analyses;
using Nexus.Data.Tests.Analyses;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class AnalysesCommandTests : AnalysisTest
{
    [Test]
    public async Task Every_subcommand_has_help_with_examples([Values("list", "show", "retry", "stuck", "counts")] string name)
    {
        var run = await ToolRun.RunAsync("analyses", name, "--help");

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain("Examples:").And.Contain($"nexus-data analyses {name}"));
    }

    [Test]
    public async Task A_list_shows_the_newest_and_how_to_go_on()
    {
        var (first, second) = (await FailedAsync("Broken pipe."), await OrderAsync());

        var all = await RunAsync("analyses", "list");
        var page = await RunAsync("check_analysis_jobs", "--limit", "1");
        var next = await RunAsync("analyses", "list", "--limit", "1", "--before", $"{second}", "--json");
        var none = await RunAsync("analyses", "list", "--train-id", "nobody");
        var failed = await RunAsync("analyses", "list", "--status", "failed", "--json");

        Assert.Multiple(() =>
        {
            Assert.That(new[] { all, page, next, none, failed }.Select(run => run.ExitCode), Is.All.Zero, all.Error + page.Error);
            Assert.That(all.Output, Does.Contain("Broken pipe.").And.Contain("pending").And.Contain(Train));
            Assert.That(page.Output, Does.Contain($"--before {second}").And.Not.Contain("Broken pipe."));
            Assert.That(Ids(next), Is.EqualTo(new[] { first }));
            Assert.That(none.Output, Does.StartWith("There is none"));
            Assert.That(Ids(failed), Is.EqualTo(new[] { first }));
            Assert.That(
                failed.Json.GetProperty("analyses")[0].GetProperty("status").GetString(), Is.EqualTo("failed"));
        });
    }

    [Test]
    public async Task One_is_shown_by_its_number_and_by_its_conversation()
    {
        var job = await JobAsync();
        await Queue.CompleteAsync(job, new() { Content = "All went well.", Data = """{"summary": "well"}""" });
        var failed = await FailedAsync("Broken.");
        await SetAsync(failed, "error_message = 'plain text'");

        var byNumber = await RunAsync("analyses", "show", $"{job.Id}");
        var byConversation = await RunAsync("analyses", "show", $"{job.ConversationId}", "--json");
        var plain = await RunAsync("analyses", "show", $"{failed}", "--json");
        var missing = await RunAsync("analyses", "show", "4711");
        var other = await RunAsync("analyses", "show", $"{job.ConversationId}", "--branch", "other");
        var wrong = await RunAsync("analyses", "show", "abc");

        Assert.Multiple(() =>
        {
            Assert.That(byNumber.ExitCode, Is.Zero, byNumber.Error);
            Assert.That(byNumber.Output, Does.Contain("All went well.").And.Contain($"{job.ConversationId}").And.Contain("completed"));
            Assert.That(byConversation.Json.GetProperty("data").GetProperty("summary").GetString(), Is.EqualTo("well"));
            Assert.That(plain.Json.GetProperty("errors").GetString(), Is.EqualTo("plain text"));
            Assert.That((missing.ExitCode, other.ExitCode, wrong.ExitCode), Is.EqualTo((1, 1, 2)));
            Assert.That(missing.Error, Does.Contain("no analysis 4711"));
            Assert.That(other.Error, Does.Contain("'other'"));
        });
    }

    [Test]
    public async Task What_failed_is_tried_again_and_a_dry_run_only_says_so()
    {
        var (failed, waiting) = (await FailedAsync("Broken."), await OrderAsync());

        var dry = await RunAsync("analyses", "retry", "--failed", "--dry-run");
        var before = (await ReadAsync(failed)).Status;
        var elsewhere = await RunAsync("analyses", "retry", "--failed", "--train-id", "other", "--json");
        var run = await ToolRun.RunAsync(
            ["reset-stuck-analysis-jobs", "--connection", ConnectionString],
            variables: new Dictionary<string, string> { ["USERNAME"] = "bob" });

        Assert.That((dry.ExitCode, elsewhere.ExitCode, run.ExitCode), Is.EqualTo((0, 0, 0)), dry.Error + run.Error);
        Assert.That(dry.Error, Does.StartWith("A dry run: nothing was changed"));
        Assert.That(dry.Output, Does.Contain($"{failed} would be tried again").And.Contain("1 analyses would"));
        Assert.That(before, Is.EqualTo(ConversationAnalysisStatus.Failed));
        Assert.That(Ids(elsewhere), Is.Empty);
        Assert.That(run.Output, Does.Contain($"{failed} is tried again").And.Not.Contain($"{waiting} is tried"));
        Assert.That((await ReadAsync(failed)).Status, Is.EqualTo(ConversationAnalysisStatus.Pending));
        var entry = (await Service<AuditLog>().ListAsync(new() { EventType = AuditEvents.Retry })).Single();
        Assert.That(entry.RequestId, Does.StartWith("nexus-data "));
        Assert.That(entry.UserContext, Does.Contain("bob"));
    }

    [Test]
    public async Task Named_ones_are_tried_again_where_it_makes_sense()
    {
        var (failed, waiting) = (await FailedAsync("Broken."), await OrderAsync());

        var dry = await RunAsync("analyses", "retry", $"{failed}", $"{waiting}", "--dry-run", "--json");
        var run = await RunAsync("analyses", "retry", $"{failed}", $"{waiting}", "--json");
        var missing = await RunAsync("analyses", "retry", "4711");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That((dry.Json.GetProperty("dry_run").GetBoolean(), run.Json.GetProperty("dry_run").GetBoolean()), Is.EqualTo((true, false)));
        Assert.That(Outcomes(dry), Is.EqualTo((string[])["restarted", "not_needed"]));
        Assert.That(Outcomes(run), Is.EqualTo((string[])["restarted", "not_needed"]));
        Assert.That(missing.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(missing.Output, Does.Contain("4711 is not there"));
    }

    [Test]
    public async Task Stuck_ones_make_the_exit_code_1_until_they_are_tried_again()
    {
        var job = await JobAsync();
        var well = await RunAsync("analyses", "stuck");
        await LetLeaseRunOutAsync(job.Id);
        var dry = await RunAsync("analyses", "retry", $"{job.Id}", "--dry-run", "--json");

        var stuck = await RunAsync("analyses", "stuck", "--json");
        var retry = await RunAsync("analyses", "retry", "--stuck", "--failed");
        var again = await RunAsync("analyses", "stuck");

        Assert.That((well.ExitCode, stuck.ExitCode, retry.ExitCode, again.ExitCode), Is.EqualTo((0, 1, 0, 0)));
        Assert.That(Outcomes(dry), Is.EqualTo((string[])["restarted"]));
        Assert.That(Ids(stuck), Is.EqualTo(new[] { job.Id }));
        Assert.That((await ReadAsync(job.Id)).LeaseId, Is.Null);
    }

    [Test]
    public async Task Counts_are_told()
    {
        await FailedAsync("Broken.");
        await OrderAsync();

        var run = await RunAsync("analyses", "counts");
        var json = await RunAsync("analyses", "counts", "--train-id", Train, "--json");

        Assert.That(run.Output, Does.Match(@"pending\s+1\s+1 due, since ").And.Match(@"failed\s+1"));
        Assert.That(json.Json.GetProperty("counts").GetProperty("pending").GetInt32(), Is.EqualTo(1));
    }

    [TestCase("retry takes either", "retry")]
    [TestCase("retry takes either", "retry", "1", "--failed")]
    [TestCase("--train-id goes with", "retry", "1", "--train-id", "a")]
    [TestCase("no number of an analysis", "retry", "abc")]
    [TestCase("--limit takes", "list", "--limit", "0")]
    [TestCase("'broken'", "list", "--status", "broken")]
    [TestCase("'1'", "list", "--status", "1")]
    [TestCase("Required argument", "show")]
    public async Task A_wrong_command_line_is_told_in_one_sentence(string sentence, params string[] arguments)
    {
        var run = await RunAsync(["analyses", .. arguments]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(run.Output, Is.Empty);
    }

    private async Task<long> FailedAsync(string message)
    {
        var job = await JobAsync();
        await Queue.FailAsync(job, new(message) { IsRetryable = false });
        return job.Id;
    }

    private static IEnumerable<long> Ids(ToolRun run)
        => run.Json.GetProperty("analyses").EnumerateArray().Select(analysis => analysis.GetProperty("id").GetInt64());

    private static IEnumerable<string?> Outcomes(ToolRun run)
        => run.Json.GetProperty("analyses").EnumerateArray().Select(analysis => analysis.GetProperty("outcome").GetString());

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
