using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class ImportCommandTests : DatabaseTest
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"nexus-tool-{Guid.NewGuid():N}");

    private string Log => Path.Combine(_folder, "log.jsonl");

    [SetUp]
    public void MakeFolder() => Directory.CreateDirectory(_folder);

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_log_is_imported_once_and_linked()
    {
        var first = await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
        var second = await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--json");

        Assert.Multiple(() =>
        {
            Assert.That(first.ExitCode, Is.Zero, first.Error);
            Assert.That(first.Output, Does.Contain("125 requests stored").And.Contain("take no part in conversations: 1"));
            Assert.That(second.ExitCode, Is.Zero, second.Error);
            Assert.That(second.Json.GetProperty("report").GetProperty("known").GetInt32(), Is.EqualTo(125));
        });
        await using var db = OpenContext();
        await GoldenLog.AssertLinksAsync(db);
    }

    [Test]
    public async Task Bad_lines_are_named_and_kept_and_the_others_are_stored()
    {
        await File.WriteAllLinesAsync(Log,
        [
            Line(1, """{"messages":[{"role":"user","content":"hi"}]}"""),
            "this is no JSON",
            """{"request_id": "not-a-uuid", "train_id": "t", "timestamp": "2025-01-01T00:00:00Z"}""",
            """{"request_id": "00000000-0000-0000-0000-000000000009", "train_id": "t", "timestamp": "2025-01-01T00:00"}""",
            Line(2, """{"messages":[{"role":"user","content":"ho"}]}"""),
        ]);

        var run = await RunAsync("import", Log);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
            Assert.That(run.Output, Does.Contain("2 requests stored").And.Contain("3 lines rejected"));
            Assert.That(run.Error, Does.Contain("line 2: It is no JSON"));
            Assert.That(run.Error, Does.Contain("line 3: request_id is no UUID: 'not-a-uuid'"));
            Assert.That(run.Error, Does.Contain("line 4: timestamp has no zone"));
        });
        await using var db = OpenContext();
        Assert.That(await db.Requests.CountAsync(), Is.EqualTo(2));

        // Mended where it lies, the file of rejects is a log itself.
        var rejects = await File.ReadAllTextAsync(Log + ".rejects");
        Assert.That(rejects, Does.Contain("# line 2:").And.Contain("this is no JSON"));
        await File.WriteAllTextAsync(
            Log + ".rejects",
            rejects.Replace("this is no JSON", "", StringComparison.Ordinal)
                .Replace("not-a-uuid", "00000000-0000-0000-0000-000000000008", StringComparison.Ordinal)
                .Replace("T00:00\"", "T00:00+02:00\"", StringComparison.Ordinal));

        var mended = await RunAsync("import", Log + ".rejects");

        Assert.That(mended.ExitCode, Is.Zero, mended.All);
        Assert.That(await db.Requests.CountAsync(), Is.EqualTo(4));
        Assert.That(File.Exists(Log + ".rejects.rejects"), Is.False);
    }

    [Test]
    public async Task At_most_a_hundred_bad_lines_are_named()
    {
        await File.WriteAllLinesAsync(Log, Enumerable.Repeat("bad", 150));

        var run = await RunAsync("import", Log, "--rejects", Path.Combine(_folder, "elsewhere"));

        Assert.That(run.Error.Split("line ").Length - 1, Is.EqualTo(100), run.Error);
        Assert.That(run.Error, Does.Contain("and 50 more lines"));
        Assert.That(File.ReadLines(Path.Combine(_folder, "elsewhere")).Count(), Is.EqualTo(300));
    }

    [Test]
    public async Task Standard_input_is_read_where_the_file_is_a_hyphen()
    {
        var run = await ToolRun.RunAsync(
            ["import", "-", "--rejects", Path.Combine(_folder, "bad"), "--connection", ConnectionString],
            Line(1, """{"messages":[{"role":"user","content":"hi"}]}""") + "\nbad\n");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Output, Does.Contain("1 requests stored"));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(_folder, "bad")), Does.EndWith("bad\n"));
    }

    [Test]
    public async Task A_dry_run_stores_nothing_and_writes_no_file()
    {
        await File.WriteAllLinesAsync(Log, [Line(1, "{}"), "bad"]);

        var run = await RunAsync("import", Log, "--dry-run");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(run.Output, Does.Contain("1 requests would be stored"));
        Assert.That(Directory.GetFiles(_folder), Is.EqualTo(new[] { Log }));
        await using var db = OpenContext();
        Assert.That(await db.Requests.AnyAsync(), Is.False);
    }

    [Test]
    public async Task Rejects_cannot_go_to_the_log_itself()
    {
        await File.WriteAllTextAsync(Log, "bad\n");

        var run = await RunAsync("import", Log, "--rejects", Log);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage));
        Assert.That(await File.ReadAllTextAsync(Log), Is.EqualTo("bad\n"));
    }

    [Test]
    public async Task What_jsonb_cannot_hold_is_stored_as_altered_and_exported_as_it_came()
    {
        var deep = new string('[', 20_000) + new string(']', 20_000);
        string[] bodies =
        [
            """{"messages":[{"role":"user","content":"a \u0000 b"}]}""",
            """{"messages":[{"role":"user","content":"a \ud800 b"}]}""",
            """{"messages":[{"role":"user","content":"n"}],"seed":1e200000}""",
            $$"""{"messages":[{"role":"user","content":"d"}],"deep":{{deep}}}""",
        ];

        await ImportBodiesAsync(bodies);

        Assert.That((await StoredAsync()).Select(request => request.IsAltered), Is.All.True);
        Assert.That(await ExportAsync(), Is.EqualTo(bodies));
    }

    [Test]
    public async Task What_jsonb_can_hold_is_stored_whole()
    {
        string[] bodies =
        [
            $$"""{"seed": {{new string('7', 400)}}, "messages": [{"role": "user", "content": "n"}]}""",
            $$"""{"deep": {{new string('[', 5_000)}}{{new string(']', 5_000)}}, "messages": [{"role": "user"}]}""",
        ];

        await ImportBodiesAsync(bodies);

        var stored = await StoredAsync();
        Assert.That(stored.Select(request => request.IsAltered), Is.All.False);
        Assert.That(
            stored.Select(request => Encoding.UTF8.GetString(request.GetBody()!.Value.Span)
                .Replace(" ", "", StringComparison.Ordinal)),
            Is.EqualTo(bodies.Select(body => body.Replace(" ", "", StringComparison.Ordinal))));
    }

    [TestCase("{}")]
    [TestCase("""{"messages":[]}""")]
    [TestCase("[1]")]
    public async Task A_body_without_messages_is_stored_and_not_linked(string body)
    {
        await ImportBodiesAsync([body]);

        var stored = (await StoredAsync()).Single();
        Assert.That(stored.ConversationId, Is.Null);
        Assert.That(stored.UnlinkedBecause, Is.Null);
        var explanation = await RunAsync("explain", stored.RequestId.ToString());
        Assert.That(explanation.Output, Does.Contain("no messages"));
    }

    [Test]
    public async Task Stopped_by_Ctrl_C_it_says_how_to_go_on()
    {
        using var stopping = new CancellationTokenSource();
        await using var log = new EndlessLog(stopping, after: 1200);
        using var error = new StringWriter();
        var host = new ToolHost
        {
            Output = TextWriter.Null,
            Error = error,
            Input = TextReader.Null,
            OpenInput = () => log,
            Environment = _ => null,
        };

        var exitCode = await NexusDataCommand.RunAsync(
            ["import", "-", "--connection", ConnectionString], host, stopping.Token);

        Assert.That(exitCode, Is.EqualTo(ExitCode.Interrupted), error.ToString());
        Assert.That(error.ToString(), Does.Contain("run it again on the same log").And.Contain("Stopped."));
    }

    [Test]
    public void Progress_is_a_line_now_and_then_and_tells_rate_and_time_left()
    {
        using var error = new StringWriter();
        var clock = new Clock();
        using var progress = new ImportProgressWriter(
            new()
            {
                Output = TextWriter.Null,
                Error = error,
                Input = TextReader.Null,
                OpenInput = () => Stream.Null,
                Environment = _ => null,
                Time = clock,
            },
            length: 1000);

        progress.Report(new(100, 10, 10, 0, 0));
        clock.Seconds = 10;
        progress.Report(new(250, 5000, 5000, 0, 0));
        progress.Report(new(260, 5100, 5100, 0, 0));

        Assert.That(error.ToString().Trim(), Is.EqualTo("25 %  5,000 lines, 500 a second, 0:00:30 left"));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);

    private static string Line(int number, string body)
        => $$"""
            {"request_id": "00000000-0000-0000-0000-{{number:000000000000}}", "train_id": "t", {{Time(number)}}, "body": {{body}}}
            """;

    private static string Time(int number) => $"\"timestamp\": \"{new DateTime(2025, 1, 1).AddSeconds(number):s}Z\"";

    private async Task ImportBodiesAsync(string[] bodies)
    {
        await File.WriteAllLinesAsync(Log, bodies.Select((body, i) => Line(i + 1, body)));
        var run = await RunAsync("import", Log);
        Assert.That(run.ExitCode, Is.Zero, run.All);
    }

    private async Task<List<ApiRequest>> StoredAsync()
    {
        await using var db = OpenContext();
        return await db.Requests.OrderBy(request => request.RequestId).ToListAsync();
    }

    private async Task<List<string>> ExportAsync()
    {
        await using var target = await TargetDatabase.OpenAsync(
            new()
            {
                Output = TextWriter.Null,
                Error = TextWriter.Null,
                Input = TextReader.Null,
                OpenInput = () => Stream.Null,
                Environment = _ => null,
            },
            ConnectionString, ConnectionScope.Explicit);
        using var log = new MemoryStream();
        await target.Get<RequestExporter>().ExportAsync(log);
        var lines = Encoding.UTF8.GetString(log.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(Body)];
    }

    // As text: what it holds is more than a parser would give back.
    private static string Body(string line)
    {
        var start = line.IndexOf("\"body\":", StringComparison.Ordinal) + "\"body\":".Length;
        var depth = 0;
        for (var end = start; ; end++)
        {
            depth += line[end] is '{' or '[' ? 1 : line[end] is '}' or ']' ? -1 : 0;
            if (depth == 0)
            {
                return line[start..(end + 1)];
            }
        }
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    // A log that never ends, until somebody has seen enough of it.
    private sealed class EndlessLog(CancellationTokenSource stopping, int after) : MemoryStream
    {
        private int _lines;

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (++_lines > after)
            {
                await stopping.CancelAsync();
            }

            var line = Line(_lines, $$"""{"messages":[{"role":"user","content":"hi {{_lines}}"}]}""") + "\n";
            return Encoding.UTF8.GetBytes(line, buffer.Span);
        }
    }
}
