using System.Diagnostics;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Tool;

public sealed class CompletionCommandTests
{
    [TestCase("nexus-data verify", "verify-population")]
    [TestCase("nexus-data bench --time", "--timeline-limit")]
    [TestCase("nexus-data trains cr", "create")]
    [TestCase("nexus-data completion z", "zsh")]
    [TestCase("nexus-data nothing-begins-so")]
    public async Task Bash_completes_verbs_options_and_values(string line, params string[] words)
    {
        if (!File.Exists("/bin/bash"))
        {
            Assert.Ignore("There is no bash on this machine.");
        }

        var script = await ToolRun.RunAsync("completion", "bash");
        var asked =
            $$"""
            nexus-data() { dotnet '{{typeof(NexusDataCommand).Assembly.Location}}' "$@"; }
            {{script.Output}}
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=({{line}})
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _nexus_data
            printf '%s\n' "${COMPREPLY[@]}"
            complete -p nexus-data
            """;

        using var bash = Process.Start(new ProcessStartInfo("/bin/bash", ["-c", asked]) { RedirectStandardOutput = true })!;
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();

        Assert.That(
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Is.EqualTo([.. words, "complete -o default -F _nexus_data nexus-data"]));
    }

    [TestCase("bash", "complete -o default")]
    [TestCase("zsh", "compdef _nexus_data nexus-data")]
    [TestCase("fish", "complete --command nexus-data")]
    [TestCase("pwsh", "Register-ArgumentCompleter -Native -CommandName nexus-data")]
    public async Task Each_shell_has_a_script(string shell, string said)
    {
        var run = await ToolRun.RunAsync("completion", shell);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain(said).And.Contain("[suggest:"));
    }

    [Test]
    public async Task Another_shell_is_wrong_usage()
    {
        var run = await ToolRun.RunAsync("completion", "csh");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.WrongUsage), run.All);
        Assert.That(run.Error, Does.Contain("csh"));
    }
}
