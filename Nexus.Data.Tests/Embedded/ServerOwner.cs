using System.Diagnostics;
using Nexus.Data.Embedded;
using Nexus.Data.Tests.Analyses;
using Nexus.Data.Tests.Credentials;
using Nexus.Data.Tests.Recording;
using Nexus.Data.Tests.Recording.Spooling;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Embedded;

/// <summary>A process to be killed: it owns a server until its standard input ends. This assembly's Main.</summary>
internal sealed class ServerOwner : IDisposable
{
    /// <summary>Runs the tool, by what follows.</summary>
    public const string Tool = "tool";

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;

    private ServerOwner(Process process) => _process = process;

    public required string ConnectionString { get; init; }

    public required string Folder { get; init; }

    public int Id => _process.Id;

    /// <param name="kind">throw-away or durable.</param>
    /// <param name="folder">Of the server, or of the throw-away folders.</param>
    /// <param name="user">Who the process shall run as; null: as who we are.</param>
    public static async Task<ServerOwner> StartAsync(string kind, string folder, string? user = null)
    {
        // A job in the background ignores SIGINT, and so would whoever it starts.
        var start = new ProcessStartInfo(
            "env",
            [
                .. OperatingSystem.IsLinux() ? ["--default-signal=INT"] : Array.Empty<string>(),
                Environment.ProcessPath!, "exec", typeof(ServerOwner).Assembly.Location, kind, folder,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (user is not null)
        {
            start.UserName = user;
            start.WorkingDirectory = "/";
            start.Environment["HOME"] = folder;
        }

        var process = Process.Start(start)!;
        var place = await process.StandardOutput.ReadLineAsync();
        var connectionString = await process.StandardOutput.ReadLineAsync();
        return connectionString is not null
            ? new(process) { Folder = place!, ConnectionString = connectionString }
            : throw new InvalidOperationException($"{place} {await process.StandardError.ReadToEndAsync()}");
    }

    public async Task<int> EndAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return _process.ExitCode;
    }

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{Id}"]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(_patience);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is [SpoolProcess.Name, var mode, var folder])
        {
            return await SpoolProcess.RunAsync(mode, folder);
        }

        if (arguments is [IngestProcess.Name, var spool])
        {
            return await IngestProcess.RunAsync(spool);
        }

        if (arguments is [TokenProcess.Name, var account])
        {
            return await TokenProcess.RunAsync(account);
        }

        if (arguments is [AnalysisProcess.Name, var worker])
        {
            return await AnalysisProcess.RunAsync(worker);
        }

        if (arguments is [Tool, .. var line])
        {
            return await NexusDataCommand.RunAsync(line, ToolHost.OfProcess(), CancellationToken.None);
        }

        await using var server = await EmbeddedPostgres.StartAsync(
            new()
            {
                ThrowAway = arguments[0] == "throw-away",
                Folder = arguments.ElementAtOrDefault(1),
                Announce = Console.Error.WriteLine,
            });
        Console.WriteLine(server.Folder);
        Console.WriteLine(server.ConnectionString);
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
