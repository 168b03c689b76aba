using System.Xml.Linq;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class ShowCommandTests : DatabaseTest
{
    private Dictionary<string, Guid> _ids = [];
    private string _folder = "";

    [SetUp]
    public async Task Import()
    {
        _folder = Directory.CreateTempSubdirectory("nexus-show-").FullName;
        _ids = await GoldenLog.IdsAsync();
        var run = await ToolRun.RunAsync(["import", GoldenLog.PathOf("request-log.jsonl"), "--connection", ConnectionString]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_conversation_is_shown_by_its_own_id_and_by_that_of_each_of_its_requests()
    {
        var byRequest = await RunAsync("show", $"{_ids["trip-2"]}", "--json");
        var conversation = byRequest.Json.GetProperty("conversation_id").GetGuid();
        var byId = await RunAsync("show", $"{conversation}", "--json");
        var text = await RunAsync("show", $"{conversation}");

        Assert.That((byRequest.ExitCode, byId.ExitCode, text.ExitCode), Is.EqualTo((0, 0, 0)), byRequest.Error + byId.Error + text.Error);
        Assert.That(byId.Output, Is.EqualTo(byRequest.Output));
        var requests = byId.Json.GetProperty("requests").EnumerateArray().Select(one => one.GetProperty("request_id").GetGuid()).ToList();
        Assert.That(requests, Is.SupersetOf(new[] { _ids["trip-1"], _ids["trip-2"], _ids["trip-branch"] }));
        Assert.That(byId.Json.GetProperty("totals").GetProperty("requests").GetInt32(), Is.EqualTo(requests.Count));
        Assert.That(requests.Where(id => !text.Output.Contains($"{id}", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task The_tree_hangs_forks_and_sub_tasks_below_the_requests_that_they_grow_from()
    {
        var trip = Lines(await RunAsync("show", $"{_ids["trip-1"]}"));
        var task = Lines(await RunAsync("show", $"{_ids["task-a-1"]}"));
        var retry = Lines(await RunAsync("show", $"{_ids["retry-2"]}"));
        var compact = Lines(await RunAsync("show", $"{_ids["long-compact-1"]}"));

        var fork = trip.FindIndex(line => line.TrimStart().StartsWith("branch_20250901080300 (fork: ", StringComparison.Ordinal));
        Assert.That(trip[0], Does.StartWith("conversation "));
        Assert.That(trip[1], Does.StartWith("  main (main branch: "));
        Assert.That(fork, Is.GreaterThan(1));
        Assert.That(Indent(trip[fork]), Is.EqualTo(Indent(trip[fork - 1]) + 2), "Below a request.");
        Assert.That(trip[fork + 1], Does.Contain($"{_ids["trip-branch"]}"));
        Assert.That(task, Has.Some.Match(@"^      subtask_1 \(sub-task: "));
        Assert.That(retry, Has.Some.Match($@"retry\b.*{_ids["retry-2"]}").And.Some.Contain("failed: 529"));
        Assert.That(compact, Has.Some.Contain("compact_084300 (continuation: "));
    }

    [Test]
    public async Task Statistics_of_branches_and_totals_follow_the_tree()
    {
        var run = await RunAsync("show", $"{_ids["trip-1"]}");

        Assert.That(run.Output, Does.Match(@"branch\s+kind\s+requests\s+messages\s+input"));
        Assert.That(run.Output, Does.Match(@"main\s+main branch\s+\d+").And.Match(@"branch_20250901080300\s+fork\s+\d+"));
        Assert.That(run.Output, Does.Match(@"requests\s+\d+: 0 failed, 0 retries").And.Match(@"tokens\s+[\d,]+ input, "));
    }

    [Test]
    public async Task A_request_is_shown_with_its_new_messages()
    {
        var text = await RunAsync("show", "--request", $"{_ids["trip-2"]}");
        var json = await RunAsync("show", $"{_ids["trip-1"]}", "--request", $"{_ids["trip-2"]}", "--json");

        Assert.That((text.ExitCode, json.ExitCode), Is.EqualTo((0, 0)), text.Error + json.Error);
        Assert.That(text.Output, Does.Match($@"parent\s+{_ids["trip-1"]}").And.Contain("New messages: 1.").And.Match(@"\n2\. user\n    \w"));
        var message = json.Json.GetProperty("new_messages").EnumerateArray().Single();
        Assert.That(message.GetProperty("index").GetInt32(), Is.EqualTo(2));
        Assert.That(message.GetProperty("role").GetString(), Is.EqualTo("user"));
        Assert.That(
            json.Json.GetProperty("body").GetProperty("messages").GetArrayLength(), Is.EqualTo(3), "JSON, not a text of it.");
    }

    [Test]
    public async Task Two_requests_are_compared()
    {
        var text = await RunAsync("show", "--diff", $"{_ids["trip-2"]}", $"{_ids["trip-branch"]}");
        var json = await RunAsync("show", $"{_ids["trip-1"]}", "--diff", $"{_ids["trip-2"]}", $"{_ids["trip-branch"]}", "--json");

        Assert.That((text.ExitCode, json.ExitCode), Is.EqualTo((0, 0)), text.Error + json.Error);
        var common = json.Json.GetProperty("common_messages").GetInt32();
        Assert.That(common, Is.Positive);
        Assert.That(text.Output, Does.Match($@"in common\s+{common} messages").And.Match(@"system\s+the same"));
        Assert.That(json.Json.GetProperty("only_second").GetArrayLength(), Is.Positive);
        Assert.That(text.Output, Does.Contain($"Only in the second: {json.Json.GetProperty("only_second").GetArrayLength()}."));
    }

    [Test]
    public async Task A_page_is_written_in_place_of_the_one_that_is_there()
    {
        var file = Path.Combine(_folder, "page.html");
        await File.WriteAllTextAsync(file, "An old one.");

        var run = await RunAsync("show", $"{_ids["trip-1"]}", "--html", file);
        var json = await RunAsync("show", $"{_ids["trip-1"]}", "--html", Path.Combine(_folder, "other.html"), "--json");
        var lost = await RunAsync("show", $"{_ids["trip-1"]}", "--html", Path.Combine(_folder, "no", "page.html"));

        Assert.That((run.ExitCode, json.ExitCode, lost.ExitCode), Is.EqualTo((0, 0, ExitCode.CheckFailed)), run.Error + json.Error);
        Assert.That(run.Output, Does.Contain($" is in {file}."));
        var page = XDocument.Load(file);
        Assert.That(
            page.Descendants("td").Select(cell => cell.Value).Where(text => Guid.TryParse(text, out _)),
            Is.EqualTo(json.Json.GetProperty("requests").EnumerateArray().Select(one => one.GetProperty("request_id").GetString())));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(2), "Nothing is left beside them.");
    }

    [Test]
    public async Task What_is_not_there_is_told_in_a_sentence()
    {
        var id = "00000000-0000-0000-0000-000000000001";
        var file = Path.Combine(_folder, "page.html");

        ToolRun[] runs =
        [
            await RunAsync("show", id), await RunAsync("show", id, "--html", file), await RunAsync("show", "--request", id),
            await RunAsync("show", "--diff", $"{_ids["trip-1"]}", id),
            await RunAsync("show", $"{_ids["trip-1"]}", "--train-id", "nobody"),
            await RunAsync("show", $"{_ids["trip-1"]}", "--request", $"{_ids["task-a-1"]}"),
        ];

        Assert.That(runs.Select(run => run.ExitCode), Is.All.EqualTo(ExitCode.CheckFailed));
        Assert.That(runs.Select(run => run.Output), Is.All.Empty);
        Assert.That(runs.Take(4).Select(run => run.Error), Is.All.Match($"^There is no .*{id}"));
        Assert.That(runs[4].Error, Does.Contain("train nobody"));
        Assert.That(runs[5].Error, Does.StartWith($"Request {_ids["task-a-1"]} is not in conversation"));
        Assert.That(File.Exists(file), Is.False);
    }

    [Test]
    public async Task Hostile_texts_of_rows_do_nothing_to_a_terminal()
    {
        await ChangeRequestsAsync(
            $"""
            UPDATE api_requests SET model = E'evil\u001b[2J[red]model', error = E'<script>\n\u0007', response_status = 500
            WHERE request_id = '{_ids["trip-2"]}'
            """);

        var tree = await RunAsync("show", $"{_ids["trip-2"]}");
        var request = await RunAsync("show", "--request", $"{_ids["trip-2"]}");

        Assert.That((tree.ExitCode, request.ExitCode), Is.EqualTo((0, 0)), tree.Error + request.Error);
        Assert.That((tree.Output + request.Output).IndexOfAny(['\u001b', '\u0007']), Is.EqualTo(-1));
        Assert.That(tree.Output, Does.Contain("evil [2J[red]model"));
        Assert.That(Lines(tree), Has.Some.Match(@"failed: 500: <script>"));
    }

    [TestCase("takes a conversation, --request or --diff", "show")]
    [TestCase("is no identifier", "show", "abc")]
    [TestCase("is no identifier", "show", "--request", "abc")]
    [TestCase("--diff", "show", "--diff", "3781c376-48ed-53c1-af6b-0f45285b56ce")]
    [TestCase("go with a whole conversation", "show", "--request", "3781c376-48ed-53c1-af6b-0f45285b56ce", "--html", "x.html")]
    public async Task A_wrong_command_line_is_told_in_one_sentence(string sentence, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(run.Output, Is.Empty);
    }

    private static List<string> Lines(ToolRun run) => [.. run.Output.Split(Environment.NewLine)];

    private static int Indent(string line) => line.Length - line.TrimStart().Length;

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
