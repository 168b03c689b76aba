using System.Diagnostics;
using System.Text.RegularExpressions;
using Nexus.Data.Tests.Architecture;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed partial class EnvTemplateCommandTests
{
    // Words in capitals that are no variables, and variables that one process of ours sets for another.
    private static readonly string[] _others =
    [
        "PG_VERSION", "REQUEST_ID", "LC_ALL", "NEXUS_DATA_KEEPER", "NEXUS_KEEPER_BIN", "NEXUS_KEEPER_FOLDER", "NEXUS_KEEPER_KIND",
        "NEXUS_KEEPER_SECONDS",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("nexus-env-").FullName;

    private string Template => Path.Combine(_folder, ".env.template");

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task The_template_names_every_variable_that_the_code_reads()
    {
        string[] projects = ["Nexus.Data", "Nexus.Data.Embedded", "Nexus.Data.Migrations", "Nexus.Data.Seeding", "Nexus.Data.Tool"];
        var read = projects.SelectMany(project => Repository.SourcesBelow(project))
            .Where(file => !file.EndsWith("/EnvTemplate.cs", StringComparison.Ordinal))
            .SelectMany(file => Literal().Matches(Repository.Read(file)))
            .Select(literal => literal.Groups[1].Value)
            .Where(name => !name.StartsWith("ANALYSIS_", StringComparison.Ordinal))
            .Except(_others).ToList();

        var run = await ToolRun.RunAsync("env-template", "-");

        Assert.That(read, Has.Count.GreaterThan(15));
        Assert.That(read.Where(name => !run.Output.Contains($"\n# {name}=", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task Each_variable_has_its_line_and_none_a_value()
    {
        var run = await ToolRun.RunAsync("env_template", "-");

        var lines = run.Output.Split('\n');
        var variables = Enumerable.Range(0, lines.Length).Where(i => Assignment().IsMatch(lines[i])).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(variables, Has.Count.EqualTo(EnvTemplate.Variables.Count()));
            Assert.That(variables.Select(i => lines[i - 1]), Has.All.Match(@"^# .*\.$"));
            Assert.That(lines, Has.All.Matches<string>(line => line.Length == 0 || line.StartsWith('#')));
            Assert.That(
                lines.Where(line => line.Contains("PASSWORD=", StringComparison.Ordinal)), Has.All.EndsWith("='<password>'"));
            Assert.That(run.Output, Does.Not.Match("://[^:/ ]+:(?!<password>@)[^/@ ]+@"));
        });
    }

    [Test]
    public async Task A_file_is_for_its_owner_and_is_not_written_over_unasked()
    {
        var first = await ToolRun.RunAsync("env-template", Template);
        await File.WriteAllTextAsync(Template, "mine");
        var second = await ToolRun.RunAsync("env-template", Template);
        var kept = await File.ReadAllTextAsync(Template);
        var forced = await ToolRun.RunAsync("env-template", Template, "--force", "--json");
        var nowhere = await ToolRun.RunAsync("env-template", Path.Combine(_folder, "missing", ".env.template"));
        var json = await ToolRun.RunAsync("env-template", "-", "--json");

        Assert.Multiple(async () =>
        {
            Assert.That(first.ExitCode, Is.Zero, first.All);
            Assert.That(first.Output, Does.Contain(Template));
            Assert.That(second.ExitCode, Is.EqualTo(ExitCode.Refused));
            Assert.That(second.Error, Does.Contain("--force"));
            Assert.That(kept, Is.EqualTo("mine"));
            Assert.That(forced.ExitCode, Is.Zero, forced.All);
            Assert.That(forced.Json.GetProperty("variables").GetArrayLength(), Is.EqualTo(EnvTemplate.Variables.Count()));
            Assert.That(json.Json.GetProperty("variables")[0].GetProperty("name").GetString(), Is.EqualTo("NEXUS_DATABASE_URL"));
            Assert.That(await File.ReadAllTextAsync(Template), Is.EqualTo(EnvTemplate.Text()));
            Assert.That(nowhere.ExitCode, Is.EqualTo(ExitCode.CheckFailed), nowhere.All);
            Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1), "Nothing else is left.");
            if (!OperatingSystem.IsWindows())
            {
                Assert.That(File.GetUnixFileMode(Template), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
            }
        });
    }

    [Test]
    public async Task A_clone_that_would_take_the_values_along_is_warned_of()
    {
        var outside = await ToolRun.RunAsync("env-template", Template);
        using (var git = Process.Start(new ProcessStartInfo("git", ["init", "--quiet", _folder]))!)
        {
            await git.WaitForExitAsync();
        }

        var seen = await ToolRun.RunAsync("env-template", Template, "--force", "--json");
        await File.WriteAllTextAsync(Path.Combine(_folder, ".gitignore"), ".env\n");
        var ignored = await ToolRun.RunAsync("env-template", Template, "--force");

        Assert.Multiple(() =>
        {
            Assert.That((outside.Error, ignored.Error), Is.EqualTo(("", "")));
            Assert.That(seen.ExitCode, Is.Zero);
            Assert.That(seen.Error, Does.Contain(".gitignore").And.Contain(Path.Combine(_folder, ".env")));
            Assert.That(seen.Json.GetProperty("is_env_ignored").GetBoolean(), Is.False);
        });
    }

    [GeneratedRegex("\"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\"")]
    private static partial Regex Literal();

    [GeneratedRegex("^# [A-Z_]+=")]
    private static partial Regex Assignment();
}
