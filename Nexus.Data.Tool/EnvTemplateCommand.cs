using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data env-template</c>: writes the names of all variables, with what they are for.</summary>
internal static class EnvTemplateCommand
{
    private const string StandardOutput = "-";

    // Where the values go, beside the template.
    private const string Values = ".env";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Where it goes, for its owner alone; - for standard output.",
            DefaultValueFactory = _ => Values + ".template",
        };
        var force = new Option<bool>("--force") { Description = "Write it in place of a file that is there." };
        var command = new Verb("env-template", "Write a template for .env: every variable, what it is for, and no value.")
        {
            file, force,
        };
        command.Examples =
        [
            ("env-template", "Into .env.template."),
            ("env-template -", "To standard output."),
            ("env-template deploy/.env.template --force", "In place of an older one."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetRequiredValue(file), result.GetValue(force), result.GetValue(options.Json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolHost host, string file, bool force, bool isJson, CancellationToken cancellationToken)
    {
        if (file == StandardOutput)
        {
            await (isJson
                ? JsonOutput.WriteAsync(host, new { EnvTemplate.Variables })
                : host.Output.WriteAsync(EnvTemplate.Text()));
            return ExitCode.Done;
        }

        var path = Path.GetFullPath(file);
        if (File.Exists(path) && !force)
        {
            throw new ToolException(
                ExitCode.Refused, $"{path} is there already: nothing was changed. With --force it is written anew.");
        }

        await using (var whole = WholeFile.Create(path))
        {
            await whole.Stream.WriteAsync(Encoding.UTF8.GetBytes(EnvTemplate.Text()), cancellationToken);
            await whole.CommitAsync();
        }

        var values = Path.Combine(Path.GetDirectoryName(path)!, Values);
        var isTracked = await IsSeenByGitAsync(values, cancellationToken);
        if (isTracked)
        {
            await host.Error.WriteLineAsync(
                $"git does not ignore {values}: add a line {Values} to .gitignore before there are passwords in it.");
        }

        await (isJson
            ? JsonOutput.WriteAsync(host, new { File = path, IsEnvIgnored = !isTracked, EnvTemplate.Variables })
            : host.Output.WriteLineAsync(
                $"{path}: {EnvTemplate.Variables.Count():N0} variables. Copy it to {Values} and write your values there."));
        return ExitCode.Done;
    }

    // Whether git would take the file along. Nothing to warn of where there is no git, or no clone around.
    private static async Task<bool> IsSeenByGitAsync(string path, CancellationToken cancellationToken)
    {
        const int notIgnored = 1;
        var start = new ProcessStartInfo("git", ["check-ignore", "--quiet", Path.GetFileName(path)])
        {
            WorkingDirectory = Path.GetDirectoryName(path),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            git.StandardInput.Close();
            await git.WaitForExitAsync(cancellationToken);
            return git.ExitCode == notIgnored;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
