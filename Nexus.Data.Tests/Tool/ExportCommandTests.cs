using Nexus.Data.Tests.Conversations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class ExportCommandTests : DatabaseTest
{
    private string _folder = "";

    [SetUp]
    public async Task ImportAsync()
    {
        _folder = Directory.CreateTempSubdirectory("nexus-export").FullName;
        await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"));
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Standard_output_holds_the_log_and_nothing_else()
    {
        var run = await RunAsync("export");
        var json = await RunAsync("export", "-", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(125).And.All.StartsWith("{\"request_id\""));
        Assert.That(run.Error, Does.Contain("125 requests"));
        Assert.That(json.Output, Is.EqualTo(run.Output));
        Assert.That(json.Error, Does.Contain("\"requests\": 125"));
    }

    [Test]
    public async Task A_file_is_there_as_a_whole_and_for_its_owner_alone()
    {
        var file = Path.Combine(_folder, "log.jsonl");
        await File.WriteAllTextAsync(file, "an older one");

        var run = await RunAsync("export", file, "--json");

        var again = await RunAsync("import", file);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("report").GetProperty("requests").GetInt32(), Is.EqualTo(125));
        Assert.That(again.Output, Does.Contain("0 requests stored, 125 were known already"));
        Assert.That(Directory.GetFiles(_folder), Is.EqualTo(new[] { file }));
        if (!OperatingSystem.IsWindows())
        {
            Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Test]
    public async Task Where_nothing_is_found_the_older_file_stays()
    {
        var file = Path.Combine(_folder, "log.jsonl");
        await File.WriteAllTextAsync(file, "an older one");

        var run = await RunAsync("export", file, "--train-id", "no-club");
        var nothingNew = await RunAsync("export", "--train-id", "no-club", "--since", "2025-01-01");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed));
        Assert.That(run.Error, Does.Contain("no request of train 'no-club'"));
        Assert.That(await File.ReadAllTextAsync(file), Is.EqualTo("an older one"));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
        Assert.That(nothingNew.ExitCode, Is.Zero, nothingNew.Error);
    }

    [Test]
    public async Task An_import_tells_how_many_it_was_not_asked_for()
    {
        var run = await RunAsync("import", GoldenLog.PathOf("request-log.jsonl"), "--train-id", "no-club");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("125 lines: 0 requests stored").And.Contain("125 requests were not asked for"));
    }

    private Task<ToolRun> RunAsync(params string[] arguments)
        => ToolRun.RunAsync([.. arguments, "--connection", ConnectionString]);
}
