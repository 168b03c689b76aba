using System.Diagnostics;

namespace Nexus.Data.Tests.Packages;

/// <summary>A run of the .NET command line, in a folder of its own.</summary>
internal sealed record DotnetRun(int ExitCode, string Output)
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(20);

    // What the build that runs the tests has set for itself; it would take the place of what the new one finds.
    private static readonly string[] _ofThisRun =
        ["MSBUILD_EXE_PATH", "MSBuildSDKsPath", "MSBuildExtensionsPath", "MSBuildLoadMicrosoftTargetsReadOnly"];

    /// <summary>Runs a command that has to succeed.</summary>
    public static async Task<string> EnsureAsync(string folder, params string[] arguments)
    {
        var run = await RunAsync(folder, arguments, new Dictionary<string, string>());
        return run.ExitCode == 0
            ? run.Output
            : throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} ended with {run.ExitCode}:\n{run.Output}");
    }

    public static Task<DotnetRun> RunAsync(
        string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables)
        => ReadAsync(Start(folder, arguments, variables));

    /// <summary>Runs commands of a shell, among them this command line, to the first that fails.</summary>
    public static Task<DotnetRun> RunScriptAsync(string folder, string script, IReadOnlyDictionary<string, string> variables)
        => ReadAsync(Start("bash", folder, ["-euo", "pipefail", "-c", script], variables));

    private static async Task<DotnetRun> ReadAsync(Process started)
    {
        using var process = started;
        using var limit = new CancellationTokenSource(_patience);
        try
        {
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new(process.ExitCode, output + await error);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts a command whose output and errors the caller has to read.</summary>
    public static Process Start(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables)
        => Start(Environment.ProcessPath!, folder, arguments, variables);

    private static Process Start(
        string program, string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in _ofThisRun)
        {
            start.Environment.Remove(name);
        }

        // Build servers would outlive the command and keep its output open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
