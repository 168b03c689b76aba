using System.Diagnostics;

namespace Nexus.Data.Embedded;

/// <summary>Installs PostgreSQL with the machine's package manager, where that works without a question.</summary>
/// <param name="environment">Answers for a variable.</param>
/// <param name="announce">Told in one line that something is being installed.</param>
internal sealed class PostgresInstaller(Func<string, string?> environment, Action<string>? announce)
{
    /// <param name="find">Looks for the programs, before and after.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task<PostgresBinaries> InstallAsync(
        Func<PostgresBinaries?> find, CancellationToken cancellationToken)
    {
        var managers = PackageManager.All.Where(manager => IsOnPath(manager.Program)).ToList();
        if (environment(PostgresBinaries.InstallVariable) == "0")
        {
            throw Missing(managers, $" ({PostgresBinaries.InstallVariable}=0 forbids to do that here)");
        }

        var manager = managers.FirstOrDefault(manager => !manager.NeedsRoot && !Environment.IsPrivilegedProcess)
            ?? managers.FirstOrDefault(manager => manager.NeedsRoot && Prefix(manager) is not null)
            ?? throw Missing(managers, "");

        using var turn = await TakeTurnAsync(cancellationToken);
        if (find() is { } meanwhile)
        {
            return meanwhile;
        }

        announce?.Invoke(
            $"PostgreSQL is not on this machine: installing it with {manager.Program} "
            + $"({PostgresBinaries.InstallVariable}=0 forbids that).");
        var said = await RunAsync([.. Prefix(manager)!, "/bin/sh", "-c", manager.Script], cancellationToken);
        return find() ?? throw new PostgresUnavailableException(
            $"PostgreSQL could not be installed with {manager.Program}; try '{manager.Command}', or set "
            + $"{PostgresBinaries.FolderVariable} to the folder of its programs: {said}");
    }

    private static PostgresUnavailableException Missing(List<PackageManager> managers, string remark)
    {
        var how = managers.Count == 0 ? "install it" : $"install it with '{managers[0].Command}'";
        return new(
            $"No PostgreSQL server of version {PostgresBinaries.OldestVersion} to {PostgresBinaries.NewestVersion} was "
            + $"found: {how}{remark}, set {PostgresBinaries.FolderVariable} to the folder of its programs, or set "
            + "NEXUS_DATABASE_URL (for tests NEXUS_TEST_DATABASE_URL) to a server that runs.");
    }

    // What to put before the command; null where it would need a password.
    private string[]? Prefix(PackageManager manager)
    {
        if (!manager.NeedsRoot || Environment.IsPrivilegedProcess)
        {
            return [];
        }

        if (!IsOnPath("sudo"))
        {
            return null;
        }

        using var sudo = Start(["sudo", "-n", "true"]);
        sudo.WaitForExit();
        return sudo.ExitCode == 0 ? ["sudo", "-n"] : null;
    }

    private bool IsOnPath(string program)
        => !OperatingSystem.IsWindows() && (environment("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, program)));

    // The last lines it said: where it fails, they say why.
    private async Task<string> RunAsync(IEnumerable<string> command, CancellationToken cancellationToken)
    {
        using var process = Start(command);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        var lines = (await output + error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(cancellationToken);
        return string.Join(Environment.NewLine, lines.TakeLast(5));
    }

    private Process Start(IEnumerable<string> command)
    {
        // Through the shell, for it looks on the PATH that we were told of.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\"", "sh", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = environment("PATH");
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    // Two of us at once would get into each other's way. The system takes the lock back from a process that dies.
    private static Task<FileStream> TakeTurnAsync(CancellationToken cancellationToken)
    {
        var folder = Environment.IsPrivilegedProcess ? "/var/lib" : EmbeddedFolder.Default();
        ServerUser.CreateFolder(folder);
        return LockFile.TakeAsync(Path.Combine(folder, ".nexus-data-install.lock"), cancellationToken);
    }
}
