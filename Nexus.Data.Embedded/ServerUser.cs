using System.Diagnostics;

namespace Nexus.Data.Embedded;

/// <summary>
/// Who runs the server. PostgreSQL refuses to run as root, so root becomes <c>postgres</c>, or <c>nobody</c> where
/// there is none; everybody else stays who he is.
/// </summary>
internal static class ServerUser
{
    private const string AccountsFile = "/etc/passwd";

    /// <summary>Null: the user of this process.</summary>
    public static string? Name()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var known = File.Exists(AccountsFile)
            && File.ReadLines(AccountsFile).Any(line => line.StartsWith("postgres:", StringComparison.Ordinal));
        return known ? "postgres" : "nobody";
    }

    /// <summary>A program of the server's, to be started as its user.</summary>
    public static ProcessStartInfo Command(string program, IEnumerable<string> arguments, string home)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            CreateNoWindow = true,
        };

        // PGPORT and its like are meant for clients, and a server would heed them too.
        var ofPostgres = start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal));
        foreach (var name in ofPostgres.ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C";
        if (OperatingSystem.IsWindows())
        {
            return start;
        }

        start.WorkingDirectory = "/";
        if (Name() is { } user)
        {
            start.UserName = user;
            // The server looks for files in its user's home, and must not for them in root's.
            start.Environment["HOME"] = home;
            start.Environment["USER"] = user;
        }

        return start;
    }

    /// <summary>Makes a folder that only the server's user (and root) can enter.</summary>
    public static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        Directory.CreateDirectory(
            folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        GiveAway(folder);
    }

    /// <summary>Gives a folder or file that we made to the server's user.</summary>
    public static void GiveAway(string path)
    {
        if (Name() is not { } user)
        {
            return;
        }

        using var chown = Process.Start("chown", [$"{user}:", path]);
        chown.WaitForExit();
        if (chown.ExitCode != 0)
        {
            throw new PostgresUnavailableException($"{path} could not be given to the user {user}.");
        }
    }
}
