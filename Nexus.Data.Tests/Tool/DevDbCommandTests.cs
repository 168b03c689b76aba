using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Nexus.Data.Embedded;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

// They mostly wait for processes, and each has its own folder.
[Parallelizable(ParallelScope.All)]
[Platform(Exclude = "Win"), UnsupportedOSPlatform("windows")]
public sealed class DevDbCommandTests
{
    [Test]
    public async Task It_runs_until_it_is_stopped_and_other_verbs_share_it()
    {
        await using var folder = new ToolFolder();

        var start = await folder.RunAsync("dev-db", "start");
        var server = ServerId(folder);
        var again = await folder.RunAsync("dev_db");
        var json = await folder.RunAsync("dev-db", "start", "--json");
        var populate = await folder.RunAsync("populate");
        var demo = await folder.RunAsync("demo");
        var afterwards = ServerId(folder);
        var address = start.Output.Trim();
        var byAddress = await ToolRun.RunAsync("status", "--connection", address);
        var stop = await folder.RunAsync("dev-db-stop");
        var twice = await folder.RunAsync("dev-db", "stop", "--json");
        var next = await folder.RunAsync("dev-setup");
        var counted = await folder.RunAsync("dev-db", "connect", "--command", "SELECT count(*) FROM users");

        Assert.Multiple(async () =>
        {
            Assert.That(
                new[] { start, again, json, populate, demo, byAddress, stop, twice, next, counted }.Select(run => run.ExitCode),
                Is.All.Zero, start.All + again.All + populate.All + stop.All + next.All);
            Assert.That(address, Does.StartWith("postgresql://postgres@/nexus?host="));
            Assert.That(start.Error, Does.Contain("is started"));
            Assert.That(again.Error, Does.Contain("runs already"));
            Assert.That(again.Output, Is.EqualTo(start.Output));
            Assert.That(json.Json.GetProperty("was_running").GetBoolean(), Is.True);
            Assert.That(json.Json.GetProperty("connection").GetString(), Is.EqualTo(address));
            Assert.That(afterwards, Is.EqualTo(server), "No other verb stopped it.");
            Assert.That(stop.Output, Does.Contain("is stopped"));
            Assert.That(twice.Json.GetProperty("was_running").GetBoolean(), Is.False);
            Assert.That(next.Output, Does.Contain("Nothing to do").And.Contain(address), "Its data stay.");
            Assert.That(counted.Output, Does.Match(@"(?m)^\s*5$"));
            Assert.That((await folder.RunAsync("dev-teardown")).Output, Does.Contain("is stopped"));
        });
        Assert.That(await EmbeddedPostgres.FindRunningAsync(folder.Path), Is.Null);
    }

    [Test]
    public async Task Two_that_start_it_at_once_have_one_server()
    {
        await using var folder = new ToolFolder();

        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => folder.RunAsync("dev-db", "start")));

        Assert.That(runs.Select(run => run.ExitCode), Is.All.Zero, string.Concat(runs.Select(run => run.All)));
        Assert.That(runs.Select(run => run.Output).Distinct().Count(), Is.EqualTo(1));
        Assert.That((await folder.RunAsync("dev-db", "connect", "-c", "SELECT 'here'")).Output, Does.Contain("here"));
    }

    [Test]
    public async Task A_start_waits_no_longer_than_it_may()
    {
        await using var folder = new ToolFolder();
        Directory.CreateDirectory(folder.Path);
        await using var another = new FileStream(
            Path.Combine(folder.Path, "start.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var run = await folder.RunAsync("dev-db", "start", "--timeout", "1s");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.NoConnection), run.All);
        Assert.That(run.Error, Does.Contain("did not answer within 1 seconds").And.Contain(folder.Path));
    }

    [Test, Category("Crash")]
    public async Task A_killed_server_is_started_again_with_what_was_committed()
    {
        await using var folder = new ToolFolder();
        await folder.RunAsync("dev-db", "start");
        await folder.RunAsync("dev-db", "connect", "-c", "CREATE TABLE notes AS SELECT 'kept' AS text");
        await KillAsync(ServerId(folder));

        var stop = await folder.RunAsync("dev-db", "stop");
        var start = await folder.RunAsync("dev-db", "start");
        var asked = await folder.RunAsync("dev-db", "connect", "-c", "TABLE notes");

        Assert.That((stop.ExitCode, start.ExitCode, asked.ExitCode), Is.EqualTo((0, 0, 0)), stop.All + start.All + asked.All);
        Assert.That(asked.Output, Does.Contain("kept"));
    }

    // As after the machine was started again: somebody else has the number that the file says.
    [Test, Category("Crash"), Platform("Linux")]
    public async Task A_file_that_a_killed_server_left_is_not_taken_for_a_server()
    {
        await using var folder = new ToolFolder();
        await folder.RunAsync("dev-db", "start");
        var file = Path.Combine(folder.Path, "data", "postmaster.pid");
        var left = await File.ReadAllLinesAsync(file);
        await folder.RunAsync("dev-db", "stop");
        using var other = Process.Start(ServerUser.Command("sleep", ["600"], "/"))!;
        try
        {
            await File.WriteAllLinesAsync(file, [$"{other.Id}", .. left[1..]]);
            ServerUser.GiveAway(file);

            var stop = await folder.RunAsync("dev-db", "stop");
            var start = await folder.RunAsync("dev-db", "start");
            var reset = await folder.RunAsync("dev-db", "reset", "--yes");

            Assert.That((stop.ExitCode, start.ExitCode, reset.ExitCode), Is.EqualTo((0, 0, 0)), stop.All + start.All + reset.All);
            Assert.That(stop.Output, Does.Contain("No server runs"));
            Assert.That(other.HasExited, Is.False, "Nobody signalled it.");
        }
        finally
        {
            other.Kill();
        }
    }

    [Test]
    public async Task Statements_are_run_and_an_error_is_told()
    {
        await using var folder = new ToolFolder();
        var early = await folder.RunAsync("dev-db", "connect");
        await folder.RunAsync("dev-db", "start", "--connection", "embedded:scratch");

        var asked = await folder.RunAsync("dev-db-connect", "-c", "SELECT current_database()", "--connection", "embedded:scratch");
        var wrong = await folder.RunAsync("dev-db", "connect", "-c", "SELECT nonsense; SELECT 'later'", "--connection", "embedded:scratch");
        var missing = await folder.RunAsync("dev-db", "connect", "-c", "SELECT 1");

        Assert.Multiple(() =>
        {
            Assert.That(early.ExitCode, Is.EqualTo(ExitCode.NoConnection), early.All);
            Assert.That(early.Error, Does.Contain("'nexus-data dev-db start'"));
            Assert.That(asked.ExitCode, Is.Zero, asked.All);
            Assert.That(asked.Output, Does.Contain("scratch"));
            Assert.That(wrong.ExitCode, Is.EqualTo(ExitCode.CheckFailed), wrong.All);
            Assert.That(wrong.Error, Does.Contain("nonsense"));
            Assert.That(wrong.Output, Does.Not.Contain("later"));
            Assert.That(missing.ExitCode, Is.EqualTo(ExitCode.NoConnection), missing.All);
            Assert.That(missing.Error, Does.Contain("nexus"));
        });
    }

    // The tool as a process, for its own standard input is what psql gets.
    [Test]
    public async Task Psql_has_the_terminal_until_it_is_left()
    {
        await using var folder = new ToolFolder();
        await folder.RunAsync("dev-db", "start");
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(ToolHost).Assembly.Location, "dev-db", "connect"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[ToolHost.FolderVariable] = folder.Path;

        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync("SELECT 40 + 2;\n\\q\n");
        process.StandardInput.Close();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.That((process.ExitCode, said), Is.EqualTo((0, said)));
        Assert.That(said, Does.Contain("42"));
    }

    [Test]
    public async Task The_log_is_printed_and_followed()
    {
        await using var folder = new ToolFolder();
        var early = await folder.RunAsync("dev-db", "logs");
        await folder.RunAsync("dev-db", "start");
        await folder.RunAsync("dev-db", "connect", "-c", "DO $$ BEGIN RAISE LOG 'first \u001b[2J'; END $$");

        var last = await folder.RunAsync("dev-db", "logs", "--lines", "1");
        var json = await folder.RunAsync("dev-db", "logs", "--json", "-n", "2");
        var both = await folder.RunAsync("dev-db", "logs", "--json", "--follow");
        var wrong = await folder.RunAsync("dev-db", "logs", "-n", "many");
        using var stop = new CancellationTokenSource();
        using var output = new LineWaiter("second");
        var host = Host(folder, output);
        var following = NexusDataCommand.RunAsync(["dev-db-logs", "--lines", "0"], host, stop.Token);
        await folder.RunAsync("dev-db", "connect", "-c", "DO $$ BEGIN RAISE LOG 'second'; END $$");
        await output.Seen.WaitAsync(TimeSpan.FromMinutes(1));
        await stop.CancelAsync();

        Assert.Multiple(async () =>
        {
            Assert.That(early.ExitCode, Is.EqualTo(ExitCode.CheckFailed), early.All);
            Assert.That(early.Error, Does.Contain("no server was started"));
            Assert.That(last.ExitCode, Is.Zero, last.All);
            Assert.That(last.Output.Trim().Split('\n'), Has.Length.EqualTo(1));
            Assert.That(last.Output.Contains('\u001b', StringComparison.Ordinal), Is.False);
            Assert.That(json.Json.GetProperty("lines").GetArrayLength(), Is.EqualTo(2));
            Assert.That((both.ExitCode, wrong.ExitCode), Is.EqualTo((ExitCode.WrongUsage, ExitCode.WrongUsage)), both.All + wrong.All);
            Assert.That(await following, Is.EqualTo(ExitCode.Interrupted));
            Assert.That(output.ToString(), Does.Not.Contain("first"));
        });
    }

    [Test]
    public async Task Its_data_are_removed_after_a_question_and_it_begins_anew()
    {
        await using var folder = new ToolFolder();
        var nothing = await folder.RunAsync("dev-db", "reset", "--dry-run");
        await folder.RunAsync("dev-db", "start");
        await folder.RunAsync("populate");

        var dry = await folder.RunAsync("dev-db", "reset", "--dry-run", "--json");
        var silent = await folder.RunAsync("dev-db", "reset");
        folder.Variables["NEXUS_ENVIRONMENT"] = "production";
        var production = await folder.RunAsync("dev-db", "reset", "--yes");
        folder.Variables.Remove("NEXUS_ENVIRONMENT");
        var kept = await folder.RunAsync("dev-db", "connect", "-c", "SELECT count(*) FROM users");
        var reset = await folder.RunAsync(["dev-db-reset"], input: "nexus\n");
        var gone = await folder.RunAsync("dev-db", "connect", "-c", "SELECT to_regclass('users') IS NULL");

        Assert.Multiple(() =>
        {
            Assert.That(nothing.Error, Does.Contain("0 rows in 0 databases"));
            Assert.That(dry.ExitCode, Is.Zero, dry.All);
            Assert.That(dry.Json.GetProperty("databases")[0].GetProperty("name").GetString(), Is.EqualTo("nexus"));
            Assert.That(dry.Json.GetProperty("databases")[0].GetProperty("rows").GetInt64(), Is.GreaterThan(35));
            Assert.That((silent.ExitCode, production.ExitCode), Is.EqualTo((ExitCode.Refused, ExitCode.Refused)), silent.All + production.All);
            Assert.That(kept.Output, Does.Match(@"(?m)^\s*5$"));
            Assert.That(reset.ExitCode, Is.Zero, reset.All);
            Assert.That(reset.Error, Does.Contain("database nexus with").And.Contain("is started anew"));
            Assert.That(gone.Output, Does.Match(@"(?m)^\s*t$"));
            Assert.That(
                Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName), Has.None.StartsWith(".removed"));
        });
    }

    [Test]
    public async Task Data_that_no_server_starts_on_can_be_removed()
    {
        await using var folder = new ToolFolder();
        await folder.RunAsync("dev-db", "start");
        await folder.RunAsync("dev-db", "stop");
        File.Delete(Path.Combine(folder.Path, "data", "global", "pg_control"));

        var start = await folder.RunAsync("dev-db", "start");
        var reset = await folder.RunAsync(["dev-db", "reset"], input: "nexus\n");

        Assert.That((start.ExitCode, reset.ExitCode), Is.EqualTo((ExitCode.NoConnection, ExitCode.Done)), start.All + reset.All);
        Assert.That(start.Error, Does.Contain(folder.Path));
        Assert.That(reset.Error, Does.Contain("Nothing can be counted"));
    }

    [Test]
    public async Task A_reset_of_the_whole_server_takes_no_database()
    {
        var run = await ToolRun.RunAsync("dev-db", "reset", "--yes", "--connection", "embedded:scratch");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain("every database").And.Contain("db-hard-reset"));
    }

    [Test]
    public async Task Where_the_new_server_does_not_start_the_old_data_are_there_again()
    {
        await using var folder = new ToolFolder();
        await folder.RunAsync("dev-db", "start");
        await folder.RunAsync("dev-db", "connect", "-c", "CREATE TABLE notes AS SELECT 'kept' AS text");
        var options = new EmbeddedPostgresOptions
        {
            Folder = folder.Path,
            Settings = new Dictionary<string, string> { ["shared_buffers"] = "much" },
        };

        Assert.That(() => EmbeddedPostgres.StartAnewAsync(options), Throws.TypeOf<PostgresUnavailableException>());

        await folder.RunAsync("dev-db", "start");
        Assert.That((await folder.RunAsync("dev-db", "connect", "-c", "TABLE notes")).Output, Does.Contain("kept"));
    }

    [TestCase("start")]
    [TestCase("stop")]
    [TestCase("connect")]
    [TestCase("logs")]
    [TestCase("reset")]
    public async Task It_takes_no_address_of_another_server(string verb)
    {
        await using var folder = new ToolFolder();

        var run = await folder.RunAsync("dev-db", verb, "--connection", "postgresql://somebody:secret-word@127.0.0.1:1/nowhere");
        var help = await folder.RunAsync("dev-db", verb, "--help");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain("embedded:DATABASE").And.Not.Contain("secret-word"));
        Assert.That(help.Output, Does.Contain("Examples:").And.Contain($"nexus-data dev-db {verb}"));
        Assert.That(Directory.Exists(folder.Path), Is.False);
    }

    private static ToolHost Host(ToolFolder folder, TextWriter output) => new()
    {
        Output = output,
        Error = TextWriter.Null,
        Input = TextReader.Null,
        OpenInput = () => Stream.Null,
        Environment = name => folder.Variables.GetValueOrDefault(name),
    };

    private static int ServerId(ToolFolder folder)
        => int.Parse(
            File.ReadLines(Path.Combine(folder.Path, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private static async Task KillAsync(int process)
    {
        using var server = Process.GetProcessById(process);
        server.Kill();
        await server.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>Output of which somebody waits for a word.</summary>
    private sealed class LineWaiter(string word) : StringWriter
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => _seen.Task;

        public override void Flush()
        {
            if (ToString().Contains(word, StringComparison.Ordinal))
            {
                _seen.TrySetResult();
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flush();
            return Task.CompletedTask;
        }
    }
}
