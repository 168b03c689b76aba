using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Nexus.Data.Embedded;

/// <summary>The process that starts a server for us and stops it when we are gone, however we went.</summary>
internal sealed class Keeper : IDisposable
{
    // In the environment, so that a list of processes shows the folder and not a page of shell.
    private const string ScriptVariable = "NEXUS_DATA_KEEPER";

    private readonly Process _process;

    private Keeper(Process process) => _process = process;

    /// <summary>Comes back when the server is ready; what the keeper says otherwise is in the exception.</summary>
    public static async Task<Keeper> StartAsync(
        PostgresBinaries binaries, EmbeddedFolder folder, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var keeper = new Keeper(Start(binaries, folder, timeout));
        try
        {
            var said = new StringBuilder();
            while (await keeper._process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line == "ready")
                {
                    return keeper;
                }

                said.AppendLine(line);
            }

            throw new PostgresUnavailableException(folder.Failure(said.ToString().Trim()));
        }
        catch
        {
            // The keeper sees the end of its input and undoes what it has begun.
            keeper.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Lets the keeper stop the server (or leave it to others), and waits until that is done. False if it could not,
    /// because somebody had killed it.
    /// </summary>
    public async Task<bool> LeaveAsync(EmbeddedFolder folder)
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        if (_process.ExitCode == 0)
        {
            return true;
        }

        // It is named by the dead keeper, but we live: nobody else would take it for left behind.
        File.Delete(Path.Combine(
            folder.Path, "users", _process.Id.ToString(CultureInfo.InvariantCulture)));
        return false;
    }

    /// <summary>Lets the keeper go and the server run.</summary>
    public async Task DetachAsync(CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync("detach".AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Stops a server, whoever uses it.</summary>
    public static async Task StopServerAsync(
        PostgresBinaries binaries, EmbeddedFolder folder, CancellationToken cancellationToken)
    {
        string[] arguments = ["-D", folder.Data, "-m", "fast", "-w", "stop"];
        var program = Path.Combine(binaries.Folder, "pg_ctl");
        using var process = Process.Start(ServerUser.Command(program, arguments, folder.Path))!;
        var said = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new PostgresUnavailableException($"The server in {folder.Path} did not stop: {said.Trim()}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.Dispose();
    }

    private static Process Start(PostgresBinaries binaries, EmbeddedFolder folder, TimeSpan timeout)
    {
        var seconds = ((int)Math.Ceiling(timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var kind = folder.ThrowAway ? "throw-away" : "durable";
        var command = OperatingSystem.IsWindows()
            ? OnWindows(binaries.Folder, folder, kind, seconds)
            : OnUnix(binaries.Folder, folder, kind, seconds);
        try
        {
            return Process.Start(command)!;
        }
        catch (Win32Exception exception)
        {
            throw new PostgresUnavailableException(folder.Failure(exception.Message), exception);
        }
    }

    private static ProcessStartInfo OnUnix(string bin, EmbeddedFolder folder, string kind, string seconds)
    {
        string[] shell =
        [
            "/bin/sh", "-c", $"eval \"${ScriptVariable}\"", "nexus-data-keeper",
            bin, folder.Path, kind, seconds, folder.Siblings,
        ];

        // A session of its own, where that can be had: what kills our process group leaves the keeper to clean up.
        string[] session = ["/usr/bin/setsid", "/bin/setsid"];
        var command = session.Where(File.Exists).Take(1).Concat(shell).ToList();
        var start = ServerUser.Command(command[0], command.Skip(1), folder.Path);
        start.Environment[ScriptVariable] = Resource("keeper.sh");
        return start;
    }

    private static ProcessStartInfo OnWindows(string bin, EmbeddedFolder folder, string kind, string seconds)
    {
        var script = Convert.ToBase64String(Encoding.Unicode.GetBytes(Resource("keeper.ps1")));
        var start = ServerUser.Command(
            "powershell.exe", ["-NoProfile", "-NonInteractive", "-EncodedCommand", script], folder.Path);
        start.Environment["NEXUS_KEEPER_BIN"] = bin;
        start.Environment["NEXUS_KEEPER_FOLDER"] = folder.Path;
        start.Environment["NEXUS_KEEPER_KIND"] = kind;
        start.Environment["NEXUS_KEEPER_SECONDS"] = seconds;
        return start;
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(Keeper).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
