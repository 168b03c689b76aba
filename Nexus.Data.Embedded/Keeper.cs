using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Nexus.Data.Embedded;

/// <summary>The process that starts a server for us and stops it when we are gone, however we went.</summary>
internal sealed class Keeper : IDisposable
{
    private readonly Process _process;

    private Keeper(Process process) => _process = process;

    /// <summary>Comes back when the server is ready; what the keeper says otherwise is in the exception.</summary>
    public static async Task<Keeper> StartAsync(
        PostgresBinaries binaries, EmbeddedFolder folder, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var process = Process.Start(Command(binaries, folder, timeout))!;
        var keeper = new Keeper(process);
        try
        {
            var said = new StringBuilder();
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
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

    /// <summary>Lets the keeper stop the server (or leave it to others), and waits until that is done.</summary>
    public async Task LeaveAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
    }

    /// <summary>Lets the keeper go and the server run.</summary>
    public async Task DetachAsync(CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync("detach".AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.Dispose();
    }

    private static ProcessStartInfo Command(PostgresBinaries binaries, EmbeddedFolder folder, TimeSpan timeout)
    {
        var seconds = ((int)Math.Ceiling(timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "-c", Resource("keeper.sh"), "nexus-data-keeper",
            binaries.Folder, folder.Path, folder.ThrowAway ? "throw-away" : "durable", seconds, folder.Siblings,
        ];

        // A session of its own, where that can be had: what kills our process group leaves the keeper to clean up.
        string[] session = ["/usr/bin/setsid", "/bin/setsid"];
        var start = session.FirstOrDefault(File.Exists) is { } setsid
            ? new ProcessStartInfo(setsid, ["/bin/sh", .. arguments])
            : new ProcessStartInfo("/bin/sh", arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.WorkingDirectory = "/";

        var ofPostgres = start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal));
        foreach (var name in ofPostgres.ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C";
        if (ServerUser.Name() is { } user)
        {
            start.UserName = user;
            // The server looks for files in its user's home, and must not for them in root's.
            start.Environment["HOME"] = folder.Path;
            start.Environment["USER"] = user;
        }

        return start;
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(Keeper).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
