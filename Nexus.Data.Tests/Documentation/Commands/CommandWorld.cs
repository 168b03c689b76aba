using System.Diagnostics;
using Nexus.Data.Persistence;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Documentation.Commands;

/// <summary>
/// Where the blocks of one document run, one after the other: a folder of its own, a fresh database, and the tool that was built as
/// <c>nexus-data</c>. What a block exports the next one has. A question is answered by the name of the database.
/// </summary>
internal sealed class CommandWorld : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nexus-doc");
    private readonly ToolFolder _server = new();
    private readonly Dictionary<string, string> _variables = [];

    /// <param name="connectionString">The database, as the server's administrator connects to it.</param>
    /// <param name="programs">The folder of <c>psql</c> and its like.</param>
    public CommandWorld(string connectionString, string programs)
    {
        ConnectionString = connectionString;
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        Work = _folder.CreateSubdirectory("work").FullName;
        var shims = _folder.CreateSubdirectory("bin").FullName;
        WriteShim(Path.Combine(shims, "nexus-data"), Tool(connection.Database!));
        WriteShim(Path.Combine(shims, "dotnet"), Dotnet);

        Set("PATH", string.Join(Path.PathSeparator, shims, programs, Environment.GetEnvironmentVariable("PATH")));
        Set("HOME", Work);
        Set("NEXUS_DATABASE_URL", Address(connectionString));
        Set("NEXUS_PG_INSTALL", "0");
        Set(ToolHost.FolderVariable, _server.Path);
    }

    public string ConnectionString { get; }

    /// <summary>The folder that the blocks run in.</summary>
    public string Work { get; }

    /// <summary>What the document says a variable holds.</summary>
    public void Set(string name, string value) => _variables[name] = value;

    /// <summary>The address of another database on the same server.</summary>
    public string AddressOf(string database)
        => Address(new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString);

    /// <summary>Runs a block, to its first error.</summary>
    /// <returns>Its exit code, and what it printed.</returns>
    public async Task<(int ExitCode, string Output)> RunAsync(CommandBlock block)
    {
        var state = Path.Combine(_folder.FullName, "state");
        var script = Path.Combine(_folder.FullName, "block.sh");
        await File.WriteAllTextAsync(
            script,
            $"""
            exec </dev/null 2>&1
            if [ -e '{state}' ]; then . '{state}'; fi
            trap 'export -p > {state}' EXIT
            set -eu -o pipefail
            {block.Script}
            """);
        var start = new ProcessStartInfo("bash", [script]) { WorkingDirectory = Work, RedirectStandardOutput = true };
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in _variables)
        {
            start.Environment[name] = value;
        }

        using var bash = Process.Start(start)!;
        using var patience = new CancellationTokenSource(_patience);
        try
        {
            var output = await bash.StandardOutput.ReadToEndAsync(patience.Token);
            await bash.WaitForExitAsync(patience.Token);
            return (bash.ExitCode, output);
        }
        catch (OperationCanceledException)
        {
            bash.Kill(entireProcessTree: true);
            return (-1, $"It did not end within {_patience}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private const string Dotnet =
        """
        if [ "$1 $2 $3 $4" = 'run --project Nexus.Data.Tool --' ]; then
          shift 4
          exec nexus-data "$@"
        fi
        echo "The tests run no 'dotnet $*' of a document: mark its block." >&2
        exit 2
        """;

    // Standard input is left alone where a block gives one.
    private static string Tool(string database)
        => $"""
            if [ /dev/stdin -ef /dev/null ]; then
              exec '{Environment.ProcessPath}' '{typeof(ToolHost).Assembly.Location}' "$@" <<< '{database}'
            fi
            exec '{Environment.ProcessPath}' '{typeof(ToolHost).Assembly.Location}' "$@"
            """;

    private static void WriteShim(string path, string script)
    {
        File.WriteAllText(path, $"#!/usr/bin/env bash\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string Address(string connectionString) => ConnectionStrings.ToUri(connectionString);

    // What the machine has set is no part of a document.
    private static bool IsOurs(string name)
        => name.StartsWith("NEXUS_", StringComparison.Ordinal) || name.StartsWith("PG", StringComparison.Ordinal)
            || name.EndsWith("DATABASE_URL", StringComparison.Ordinal) || name is "DOTNET_ENVIRONMENT" or "ASPNETCORE_ENVIRONMENT";
}
