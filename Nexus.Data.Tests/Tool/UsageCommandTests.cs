using System.Xml.Linq;
using Nexus.Data.Tests.Usage;
using Nexus.Data.Tool;
using Nexus.Data.Usage;

namespace Nexus.Data.Tests.Tool;

public sealed class UsageCommandTests : UsageTest
{
    private const string Prices3 =
        """
        model,valid_from,input,output,cache_creation,cache_read
        claude*,2025-01-01,3,15,3.75,0.3
        """;

    private static readonly XNamespace _svg = "http://www.w3.org/2000/svg";

    private string _folder = "";

    [SetUp]
    public async Task FillAsync()
    {
        _folder = Directory.CreateTempSubdirectory("nexus-usage-").FullName;
        await StoreAsync(
            Request(1, 1_000_000) with { ConversationId = Guid.NewGuid(), DurationMs = 100 },
            Request(2, 500) with { Model = "<b>&\"", AccountId = "acc-2", Status = 500, InputTokens = 7 },
            Request(30, 50) with { Model = null, TrainId = "other" });
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Every_subcommand_has_help_with_examples(
        [Values("window", "daily", "hourly", "limit", "accounts", "totals", "weekly", "prices list", "prices import", "prices delete")]
        string name)
    {
        var run = await ToolRun.RunAsync(["usage", .. name.Split(' '), "--help"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("Examples:").And.Contain($"nexus-data usage {name}"));
    }

    [Test]
    public async Task The_window_is_what_usage_tells_without_a_verb_and_names_what_has_no_price()
    {
        await ImportAsync();

        var usual = await RunAsync("--until", "2025-03-30T14:37:12Z");
        var named = await RunAsync("window", "--until", "2025-03-30T14:37:12Z", "--account", "acc-2", "--json");

        Assert.That((usual.ExitCode, named.ExitCode), Is.EqualTo((0, 0)), usual.Error + named.Error);
        Assert.That(usual.Output, Does.Match(@"requests\s+2, 1 of them failed").And.Match(@"cost\s+15\.000000"));
        Assert.That(usual.Output, Does.Contain("507 tokens have no price and are in no cost: <b>&\"."));
        var sum = named.Json.GetProperty("usage");
        Assert.That(sum.GetProperty("tokens").GetProperty("input").GetInt64(), Is.EqualTo(7));
        Assert.That(sum.GetProperty("tokens").GetProperty("without_cache").GetInt64(), Is.EqualTo(507));
        Assert.That(sum.GetProperty("cost").GetProperty("unpriced_tokens").GetInt64(), Is.EqualTo(507));
    }

    [Test]
    public async Task Days_and_hours_are_told_by_what_is_asked_for()
    {
        var days = await RunAsync("daily", "--from", "2025-03-29", "--to", "2025-03-30", "--by", "train,model", "--json");
        var plain = await RunAsync("daily", "--to", "2025-03-30");
        var hours = await RunAsync("hourly", "--days", "2", "--until", "2025-03-30T14:37:12Z", "--by", "train,type");

        Assert.That((days.ExitCode, plain.ExitCode, hours.ExitCode), Is.EqualTo((0, 0, 0)), days.Error + plain.Error + hours.Error);
        Assert.That(
            days.Json.GetProperty("days").EnumerateArray().Select(day => (
                day.GetProperty("day").GetString(), day.GetProperty("key").GetProperty("train_id").GetString(),
                day.GetProperty("key").GetProperty("model").GetString())),
            Is.EqualTo(new[]
            {
                ("2025-03-29", "other", ""), ("2025-03-30", "rail-club", "<b>&\""), ("2025-03-30", "rail-club", "claude-3"),
            }));
        Assert.That(plain.Output, Does.Contain("2025-03-01").And.Contain("1,000,500"));
        Assert.That(hours.Output, Does.Contain("2025-03-30 13:00:00Z").And.Contain("inference").And.Contain("other"));
    }

    [Test]
    public async Task A_chart_of_days_has_a_bar_for_each_model_with_its_numbers_in_words()
    {
        var file = Path.Combine(_folder, "days.svg");

        var run = await RunAsync("daily", "--from", "2025-03-28", "--to", "2025-03-30", "--chart", file);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        var root = XDocument.Load(file).Root!;
        var told = root.Elements(_svg + "rect").Select(bar => bar.Element(_svg + "title")?.Value).OfType<string>().ToList();
        Assert.That(told, Has.Exactly(3).Items);
        Assert.That(told, Has.One.Contains("2025-03-30, claude-3: 1,000,000 tokens (0 input, 1,000,000 output"));
        Assert.That(told, Has.One.StartsWith("2025-03-30, <b>&\": 507 tokens"));
        Assert.That(told, Has.One.StartsWith("2025-03-29, no model: 50 tokens"));
        Assert.That(root.Element(_svg + "title")!.Value, Does.Contain("2025-03-28 to 2025-03-30 (UTC)"));
        Assert.That(root.Element(_svg + "style")!.Value, Does.Contain("prefers-color-scheme: dark"));
        Assert.That(root.Elements(_svg + "text").Select(text => text.Value), Is.SupersetOf((string[])["03-28", "03-30", "claude-3", "0"]));
    }

    [Test]
    public async Task A_chart_of_a_limit_has_the_line_and_the_limit()
    {
        var file = Path.Combine(_folder, "limit.svg");

        var run = await RunAsync(
            "limit", "--account", "acc-1", "--limit", "2000000", "--interval", "1h", "--until", "2025-03-30T14:37:12Z", "--chart", file);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match(@"2025-03-30 14:37:12Z\s+1,000,000\s+1,000,000\s+50 %"));
        var root = XDocument.Load(file).Root!;
        Assert.That(root.Elements(_svg + "line").Count(line => (string?)line.Attribute("class") == "limit"), Is.EqualTo(1));
        Assert.That(((string)root.Element(_svg + "polyline")!.Attribute("points")!).Split(' '), Has.Exactly(6).Items);
        Assert.That(root.Descendants(_svg + "title").Select(title => title.Value), Has.One.EqualTo("2025-03-30 14:37:12Z: 1,000,000 tokens, 50 %, 1,000,000 left"));
    }

    [Test]
    public void A_chart_of_nothing_and_one_of_many_odd_names_are_well_formed()
    {
        var days = new List<DateOnly> { new(2025, 3, 30) };
        var sum = new UsageSum(1, 0, new(1, 1, 1, 1), 0, null, new(0, 4, []));
        var many = Enumerable.Range(0, 12).Select(i => new DailyUsage(
            days[0], Now, Now, new(null, null, $"model-{i}-\u0001\ud800]]>😀{new string('x', 90)}", null), sum)).ToList();

        var empty = XDocument.Parse(UsageChart.Days("Nothing", days, []));
        var full = XDocument.Parse(UsageChart.Days("Many", days, many));

        Assert.That(empty.Root!.Elements(_svg + "rect"), Is.Empty);
        Assert.That(full.Root!.Elements(_svg + "rect").Count(bar => bar.HasElements), Is.EqualTo(8), "Seven models and the others.");
        Assert.That(full.ToString(), Does.Contain("other models: 20 tokens").And.Contain("😀"));
    }

    [Test]
    public async Task Accounts_totals_and_weeks_are_told()
    {
        var accounts = await RunAsync("accounts", "--until", "2025-03-30T14:37:12Z", "--limit", "1000");
        var totals = await RunAsync("totals", "--since", "2025-03-01", "--until", "2025-04-01");
        var all = await RunAsync("totals", "--json");
        var weeks = await RunAsync("weekly", "--weeks", "2");

        Assert.That((accounts.ExitCode, totals.ExitCode, all.ExitCode, weeks.ExitCode), Is.EqualTo((0, 0, 0, 0)), accounts.Error + totals.Error);
        Assert.That(accounts.Output, Does.Match(@"acc-1\s+100000 %\s+0 ").And.Match(@"acc-2\s+50 %\s+500 "));
        Assert.That(totals.Output, Does.Match(@"train\s+rail-club\s+2 ").And.Match(@"model\s+\(none\)\s+1 ").And.Contain("2 accounts, 1 new conversations."));
        Assert.That(all.Json.GetProperty("usage").GetProperty("requests").GetInt32(), Is.EqualTo(3));
        Assert.That(weeks.Output, Does.Match(@"\d{4}-W\d\d\s+\d{4}-\d\d-\d\d\s+0"));
    }

    [Test]
    public async Task Prices_are_brought_in_listed_and_deleted_and_a_dry_run_does_nothing()
    {
        var dry = await ImportAsync("--dry-run");
        var none = await RunAsync("prices", "list");
        var made = await ImportAsync();
        var list = await RunAsync("prices", "list", "--json");
        var wrong = await ToolRun.RunAsync(["usage", "prices", "import", "-", "--connection", ConnectionString], "model\na");
        var gone = await RunAsync("prices", "delete", "claude*", "--valid-from", "2025-01-01");
        var again = await RunAsync("prices", "delete", "claude*");

        Assert.That((dry.ExitCode, none.ExitCode, made.ExitCode, list.ExitCode), Is.EqualTo((0, 0, 0, 0)), dry.Error + made.Error);
        Assert.That(dry.Error, Does.StartWith("A dry run"));
        Assert.That(none.Output, Does.StartWith("There are no prices"));
        Assert.That(made.Output, Does.StartWith("1 prices are new, 0 changed, 0 were there already."));
        Assert.That(list.Json.GetProperty("prices")[0].GetProperty("cache_creation_price").GetDecimal(), Is.EqualTo(3.75m));
        Assert.That(wrong.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(wrong.Error, Does.Contain("line 1: the columns must be"));
        Assert.That((gone.ExitCode, again.ExitCode), Is.EqualTo((ExitCode.Done, ExitCode.CheckFailed)));
    }

    [TestCase("--by takes", "daily", "--by", "colour")]
    [TestCase("--days takes a number from 1 to 30", "hourly", "--days", "31")]
    [TestCase("--from takes a day", "daily", "--from", "yesterday")]
    [TestCase("There is no time zone 'Mars'", "daily", "--time-zone", "Mars")]
    [TestCase("--window takes a length", "window", "--window", "-5h")]
    [TestCase("0 tokens", "limit", "--limit", "0")]
    [TestCase("--weeks takes", "weekly", "--weeks", "0")]
    [TestCase("Required argument", "prices", "import")]
    public async Task A_wrong_command_line_is_told_in_one_sentence(string sentence, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(run.Output, Is.Empty);
    }

    private Task<ToolRun> ImportAsync(params string[] arguments)
        => ToolRun.RunAsync(["usage", "prices", "import", "-", .. arguments, "--connection", ConnectionString], Prices3);

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync(["usage", .. arguments, "--connection", ConnectionString]);
}
