using System.Xml.Linq;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class BenchCommandTests : DatabaseTest
{
    // Times are the machine's: what is tested is what becomes of them.
    private static readonly string[] _patient = ["--iterations", "20", "--warm-up", "2", "--timeline-limit", "60000", "--look-up-limit", "60000", "--membership-limit", "60000"];

    [Test]
    public async Task Each_query_is_timed_and_its_index_serves_it()
    {
        await PopulateAsync();
        var chart = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid():N}.svg");
        try
        {
            var run = await RunAsync([.. _patient, "--chart", chart]);
            var json = await RunAsync([.. _patient, "--json"]);

            var results = json.Json.GetProperty("report").GetProperty("results").EnumerateArray().ToList();
            Assert.Multiple(() =>
            {
                Assert.That((run.ExitCode, json.ExitCode), Is.EqualTo((0, 0)), run.All + json.All);
                Assert.That(run.Output, Does.Match(@"page .*idx_messages_timeline\s+ok").And.Contain("2,500 messages"));
                Assert.That(results, Has.Count.EqualTo(12));
                Assert.That(results.Select(result => result.GetProperty("p95").GetDouble()), Is.All.GreaterThan(0));
                Assert.That(
                    results.Select(result => result.GetProperty("rows").GetInt32()), Is.All.GreaterThan(0), "What finds nothing measures nothing.");
                Assert.That(
                    XDocument.Load(chart).Descendants().Count(element => element.Name.LocalName == "rect" && element.Attribute("class")!.Value.StartsWith("bar", StringComparison.Ordinal)),
                    Is.EqualTo(24));
            });
        }
        finally
        {
            File.Delete(chart);
        }
    }

    [Test]
    public async Task A_room_that_everybody_has_left_is_not_asked_for()
    {
        await PopulateAsync();
        await AdministerAsync(
            "DELETE FROM chat_members WHERE chat_id = (SELECT chat_id FROM messages GROUP BY chat_id ORDER BY count(*) DESC, chat_id LIMIT 1)");

        var run = await RunAsync(_patient);

        Assert.That(run.ExitCode, Is.Zero, run.All);
    }

    [TestCase("idx_messages_timeline", "newest", "page", "offset")]
    [TestCase("idx_messages_words", "search")]
    [TestCase("users_username_key", "name", "prefix")]
    [TestCase("idx_chat_members_user_id", "rooms", "unread")]
    public async Task An_index_that_was_dropped_is_a_failure(string index, params string[] queries)
    {
        await PopulateAsync();
        await AdministerAsync($"DROP INDEX {index}");

        var run = await RunAsync([.. _patient, "--json"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(
                run.Json.GetProperty("report").GetProperty("results").EnumerateArray()
                    .Where(result => result.GetProperty("plan").GetString() == "missing").Select(result => result.GetProperty("name").GetString()),
                Is.EqualTo(queries));
        });
    }

    [Test]
    public async Task A_limit_that_is_exceeded_is_a_failure()
    {
        await PopulateAsync();

        var run = await RunAsync("--iterations", "20", "--timeline-limit", "60000", "--look-up-limit", "0.0001", "--membership-limit", "60000");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(run.Output, Does.Match("name: 95 of 100 took up to [0-9.]+ ms, and may take 0.0001 ms").And.Match("newest.* ok"));
        });
    }

    [Test]
    public async Task Few_messages_say_little_and_none_nothing()
    {
        var none = await RunAsync(_patient);
        await ToolRun.RunAsync("populate", "--connection", ConnectionString);
        var few = await RunAsync(_patient);

        Assert.Multiple(() =>
        {
            Assert.That(none.ExitCode, Is.EqualTo(ExitCode.CheckFailed), none.All);
            Assert.That(none.Error, Does.Contain("nothing to time").And.Contain("populate-large"));
            Assert.That(few.ExitCode, Is.Zero, few.All);
            Assert.That(few.Error, Does.Contain("There are 16 messages"));
        });
    }

    [TestCase("20 to 100,000", "--iterations", "5")]
    [TestCase("--timeline-limit takes milliseconds", "--timeline-limit", "-1")]
    [TestCase("--look-up-limit takes milliseconds", "--look-up-limit", "NaN")]
    [TestCase("--look-up-limit takes milliseconds", "--look-up-limit", "1e300")]
    [TestCase("--warm-up", "--warm-up", "many")]
    public async Task A_wrong_number_is_wrong_usage(string said, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain(said));
    }

    private async Task PopulateAsync()
    {
        var populated = await ToolRun.RunAsync(
            "populate-large", "--users", "100", "--groups", "20", "--direct-chats", "20", "--messages", "2500", "--connection", ConnectionString);
        Assert.That(populated.ExitCode, Is.Zero, populated.All);
    }

    private Task<ToolRun> RunAsync(params string[] arguments) => ToolRun.RunAsync(["bench", .. arguments, "--connection", ConnectionString]);
}
