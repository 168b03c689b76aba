using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Nexus.Data.Embedded;

/// <summary>What lies where in a server's folder: <c>data</c>, <c>run</c> with the socket, <c>server.log</c>.</summary>
internal sealed class EmbeddedFolder
{
    // 107 bytes on Linux and 103 on macOS, the socket's own name included.
    private const int LongestSocketPath = 103;
    private const string SocketName = "/.s.PGSQL.5432";
    private const string RootFolder = "/var/lib/nexus-data";

    private EmbeddedFolder(string path, bool throwAway, string siblings)
    {
        Path = path;
        ThrowAway = throwAway;
        Siblings = siblings;
    }

    public string Path { get; }

    public bool ThrowAway { get; }

    /// <summary>How the paths of all throw-away folders of this user begin.</summary>
    public string Siblings { get; }

    public string Data => System.IO.Path.Combine(Path, "data");

    public string Log => System.IO.Path.Combine(Path, "server.log");

    public string Settings => System.IO.Path.Combine(Path, "server.conf");

    // On Windows alone, where there is a port that everybody on the machine can reach.
    private string Password => System.IO.Path.Combine(Path, "password");

    /// <summary>Where the tool keeps its data.</summary>
    public static string Default()
    {
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            return RootFolder;
        }

        // $XDG_DATA_HOME or ~/.local/share; it need not exist yet.
        var own = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return own.Length > 0
            ? System.IO.Path.Combine(own, "nexus-data")
            : throw new PostgresUnavailableException("There is no home folder for the server's data: set HOME.");
    }

    /// <summary>The folder for <paramref name="options"/>, made where it is missing.</summary>
    public static EmbeddedFolder Create(EmbeddedPostgresOptions options)
    {
        try
        {
            var folder = options.ThrowAway ? CreateThrowAway(options.Folder) : Durable(options.Folder);
            ServerUser.CreateFolder(folder.Path);
            return folder;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PostgresUnavailableException(
                $"There is no folder for the server's data: {exception.Message}", exception);
        }
    }

    /// <summary>The folder of a durable server, whether it is there or not.</summary>
    public static EmbeddedFolder Durable(string? folder)
        => new(System.IO.Path.GetFullPath(folder ?? Default()), throwAway: false, siblings: "");

    /// <summary>The major version that made the cluster; null where there is none yet.</summary>
    public int? ClusterVersion()
    {
        if (!Directory.Exists(Data))
        {
            return null;
        }

        var file = System.IO.Path.Combine(Data, "PG_VERSION");
        if (File.Exists(file)
            && int.TryParse(File.ReadAllText(file), NumberStyles.Integer, CultureInfo.InvariantCulture, out var major))
        {
            return major;
        }

        throw new PostgresUnavailableException(
            $"The folder {Data} is no PostgreSQL cluster (it has no PG_VERSION): put back what is missing, or move the "
            + "folder away to begin with an empty one; nothing in it was changed.");
    }

    /// <summary>Whether a server's process works here, ready or not. False where the system does not show it.</summary>
    public bool IsInUse()
    {
        var file = System.IO.Path.Combine(Data, "postmaster.pid");
        try
        {
            // It works in its data folder, and what it sees there is this very file. Another process may have its number by now.
            return File.Exists(file) && File.ReadAllLines(file) is [var id, ..]
                && File.ReadAllText($"/proc/{id}/cwd/postmaster.pid") == File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>How to reach the running server, by the file it keeps; null where none runs.</summary>
    public NpgsqlConnectionStringBuilder? Connection()
    {
        // Lines: process, data folder, start time, port, socket folder, listen address, shared memory, status.
        var file = System.IO.Path.Combine(Data, "postmaster.pid");
        var lines = File.Exists(file) ? File.ReadAllLines(file) : [];
        return lines.Length < 8 || lines[7].Trim() != "ready" ? null : new()
        {
            Host = lines[4].Length > 0 ? lines[4] : lines[5],
            Port = int.Parse(lines[3], CultureInfo.InvariantCulture),
            Username = "postgres",
            Password = File.Exists(Password) ? File.ReadAllText(Password) : null,
            Database = "postgres",
        };
    }

    /// <summary>Writes the file that the cluster's own <c>postgresql.conf</c> includes.</summary>
    public void WriteSettings(IReadOnlyDictionary<string, string> further)
    {
        var settings = new Dictionary<string, string>
        {
            ["max_connections"] = "200",
            ["jit"] = "off",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            ["lc_messages"] = "C",
        };
        if (OperatingSystem.IsWindows())
        {
            settings["listen_addresses"] = "127.0.0.1";
            settings["port"] = FreePort().ToString(CultureInfo.InvariantCulture);
            settings["unix_socket_directories"] = "";
            if (!File.Exists(Password))
            {
                File.WriteAllText(Password, RandomNumberGenerator.GetHexString(32));
            }
        }
        else
        {
            settings["listen_addresses"] = "";
            settings["port"] = "5432";
            settings["unix_socket_directories"] = SocketFolder();
            settings["unix_socket_permissions"] = "0700";
        }

        if (ThrowAway)
        {
            settings["fsync"] = "off";
            settings["synchronous_commit"] = "off";
            settings["full_page_writes"] = "off";
            settings["wal_level"] = "minimal";
            settings["max_wal_senders"] = "0";
        }

        var lines = settings.Where(setting => !further.ContainsKey(setting.Key)).Concat(further)
            .Select(setting => $"{setting.Key} = '{setting.Value.Replace("'", "''", StringComparison.Ordinal)}'");

        // Whole or not at all: without its settings, the server would listen on a port.
        var draft = Settings + ".new";
        File.WriteAllLines(draft, lines);
        ServerUser.GiveAway(draft);
        File.Move(draft, Settings, overwrite: true);
    }

    /// <summary>What to tell about a server that did not start.</summary>
    public string Failure(string said)
        => ThrowAway
            ? $"A private PostgreSQL server could not be started: {said}"
            : $"The private PostgreSQL server in {Path} could not be started (nothing in it was deleted; see {Log}, or "
              + $"move the folder away to begin with an empty one): {said}";

    private static EmbeddedFolder CreateThrowAway(string? parent)
    {
        var name = new string([.. Environment.UserName.Where(char.IsAsciiLetterOrDigit)]);
        if (parent is null && !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            parent = System.IO.Path.Combine(RootFolder, "throw-away");
            ServerUser.CreateFolder(RootFolder);
        }

        if (parent is null)
        {
            parent = System.IO.Path.GetTempPath();
            var example = System.IO.Path.Combine(parent, $"nexus-pg-{name}-12345678", "run") + SocketName;
            parent = Encoding.UTF8.GetByteCount(example) <= LongestSocketPath ? parent : "/tmp";
        }

        ServerUser.CreateFolder(parent);
        var siblings = System.IO.Path.Combine(System.IO.Path.GetFullPath(parent), $"nexus-pg-{name}-");
        return new(siblings + RandomNumberGenerator.GetHexString(8, lowercase: true), throwAway: true, siblings);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string SocketFolder()
    {
        var folder = System.IO.Path.Combine(Path, "run");
        if (Encoding.UTF8.GetByteCount(folder + SocketName) > LongestSocketPath)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path)))[..16];
            folder = Environment.IsPrivilegedProcess ? $"{RootFolder}/run-{digest}" : $"/tmp/nexus-pg-run-{digest}";
        }

        ServerUser.CreateFolder(folder);
        if (!OperatingSystem.IsWindows())
        {
            // Refused where the folder is another user's, who has put it in our way.
            File.SetUnixFileMode(
                folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return folder;
    }
}
