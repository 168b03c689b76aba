using System.CommandLine;
using System.Globalization;
using Nexus.Data.Embedded;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data dev-db</c>: the embedded server, kept running for development.</summary>
internal static class DevDbCommand
{
    private const int LostConnection = 2;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var command = new Verb("dev-db", "Keep the embedded server running for development; without a word more, start it.")
        {
            Start(options, host),
            Stop(options, host),
            Connect(options, host),
            Logs(options, host),
            Reset(options, host),
        };
        command.Examples =
        [
            ("dev-db start", "It runs on until it is stopped, and other verbs share it."),
            ("dev-db connect", "A psql on its database."),
            ("dev-db stop", "Its data stay."),
        ];
        command.SetAction((result, cancellationToken) => StartAsync(
            host, DatabaseOf(result, options), isMigrated: false, _patience, result.GetValue(options.Json), cancellationToken));
        return command;
    }

    private static Verb Start(GlobalOptions options, ToolHost host)
    {
        var migrate = new Option<bool>("--migrate") { Description = "Bring its database to the newest version, too." };
        var timeout = TimeOption.CreateLength("--timeout", "How long it may take to answer, such as 90s; a minute without it.");
        var command = new Verb("start", "Start the server, wait until it answers, and print how to connect to it.")
        {
            migrate, timeout,
        };
        command.Examples =
        [
            ("dev-db start", "Prints the address of the database nexus; the server runs on."),
            ("dev-db start --migrate", "With the tables of the newest version."),
            ("dev-db start --connection embedded:scratch", "With another database."),
        ];
        command.SetAction((result, cancellationToken) => StartAsync(
            host, DatabaseOf(result, options), result.GetValue(migrate), result.GetValue(timeout) ?? _patience,
            result.GetValue(options.Json), cancellationToken));
        return command;
    }

    private static Verb Stop(GlobalOptions options, ToolHost host)
    {
        var command = new Verb("stop", "Stop the server, whoever uses it. Its data stay.")
        {
            Examples = [("dev-db stop", "Where it does not run, nothing is done.")],
        };
        command.SetAction(async (result, cancellationToken) =>
        {
            DatabaseOf(result, options);
            var wasRunning = await EmbeddedPostgres.StopAsync(host.EmbeddedFolder, cancellationToken);
            var folder = FolderOf(host);
            await (result.GetValue(options.Json)
                ? JsonOutput.WriteAsync(host, new { Folder = folder, WasRunning = wasRunning })
                : host.Output.WriteLineAsync(
                    wasRunning ? $"The server in {folder} is stopped." : $"No server runs in {folder}: nothing was done."));
            return ExitCode.Done;
        });
        return command;
    }

    private static Verb Connect(GlobalOptions options, ToolHost host)
    {
        var sql = new Option<string?>("--command", "-c")
        {
            Description = "Run these statements and leave; the first error ends them.",
            HelpName = "SQL",
        };
        var command = new Verb("connect", "Open psql on the server's database.") { sql };
        command.Examples =
        [
            ("dev-db connect", "Until it is left by \\q."),
            ("dev-db connect --command 'TABLE trains'", "For a script."),
            ("dev-db connect --connection embedded:nexus_demo", "On another of its databases."),
        ];
        command.SetAction((result, cancellationToken) => ConnectAsync(
            host, DatabaseOf(result, options), result.GetValue(sql), cancellationToken));
        return command;
    }

    private static Verb Logs(GlobalOptions options, ToolHost host)
    {
        var lines = new Option<int>("--lines", "-n")
        {
            Description = "How many lines of its end, 0 or more.",
            HelpName = "COUNT",
            DefaultValueFactory = _ => 50,
        };
        lines.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }]
                && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                result.AddError("--lines takes a number, 0 or more.");
            }
        });
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written, until Ctrl-C." };
        var command = new Verb("logs", "Print the end of the server's log.") { lines, follow };
        command.Validators.Add(result =>
        {
            if (result.GetValue(follow) && result.GetValue(options.Json))
            {
                result.AddError("--follow has no end, and so no --json.");
            }
        });
        command.Examples =
        [
            ("dev-db logs", "The last 50 lines."),
            ("dev-db logs --lines 10 --follow", "The last 10, and what comes."),
        ];
        command.SetAction(async (result, cancellationToken) =>
        {
            DatabaseOf(result, options);
            var log = new ServerLog(EmbeddedPostgres.LogFileOf(host.EmbeddedFolder), host);
            return result.GetValue(options.Json)
                ? await log.WriteJsonAsync(result.GetValue(lines), cancellationToken)
                : await log.WriteAsync(result.GetValue(lines), result.GetValue(follow), cancellationToken);
        });
        return command;
    }

    private static Verb Reset(GlobalOptions options, ToolHost host)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would go, and change nothing." };
        var inProduction = ProductionGuard.Create();
        var command = new Verb("reset", "Remove all the server's data, and start it on an empty database.")
        {
            dryRun, inProduction,
        };
        command.Examples =
        [
            ("dev-db reset --dry-run", "What would go: every database of the server, with its row counts."),
            ("dev-db reset", "After the database's name is typed."),
        ];
        command.SetAction((result, cancellationToken) => ResetAsync(
            host, WholeServer(result, options), result.GetValue(dryRun), result.GetValue(inProduction),
            result.GetValue(options.Yes), result.GetValue(options.Json), cancellationToken));
        return command;
    }

    private static async Task<int> StartAsync(
        ToolHost host, string database, bool isMigrated, TimeSpan timeout, bool isJson, CancellationToken cancellationToken)
    {
        bool wasRunning;
        string connection;
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            // Also for the turn of another start that is under way.
            deadline.CancelAfter(timeout);
            try
            {
                await using var running = await EmbeddedPostgres.FindRunningAsync(host.EmbeddedFolder, deadline.Token);
                wasRunning = running is not null;
                await using var server = await EmbeddedPostgres.StartAsync(OptionsOf(host, timeout), deadline.Token);
                connection = await KeepAsync(server, database, deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw Late(host, timeout);
            }
        }

        if (isMigrated)
        {
            var exitCode = await NexusDataCommand.ContinueAsync(
                ["migrate", ConnectionSettings.Option, connection], isJson ? host.With(TextWriter.Null) : host, cancellationToken);
            if (exitCode != ExitCode.Done)
            {
                return exitCode;
            }
        }

        await TellAsync(host, connection, wasRunning ? "runs already" : "is started", isJson, wasRunning);
        return ExitCode.Done;
    }

    private static async Task<int> ConnectAsync(
        ToolHost host, string database, string? sql, CancellationToken cancellationToken)
    {
        await using var server = await EmbeddedPostgres.FindRunningAsync(host.EmbeddedFolder, cancellationToken)
            ?? throw new ToolException(
                ExitCode.NoConnection, $"No server runs in {FolderOf(host)}: 'nexus-data dev-db start' starts it.");
        var connection = server.ConnectionStringFor(database);
        int exitCode;
        if (sql is null)
        {
            exitCode = await DatabaseConsole.OpenAsync(connection);
        }
        else
        {
            await using var output = host.OpenOutput();
            exitCode = await DatabaseConsole.RunAsync(connection, sql, output, host.Error, cancellationToken);
        }

        return exitCode switch
        {
            0 => ExitCode.Done,
            LostConnection => ExitCode.NoConnection,
            _ => ExitCode.CheckFailed,
        };
    }

    // Whoever names a database means that one alone.
    private static string WholeServer(ParseResult result, GlobalOptions options)
    {
        var database = DatabaseOf(result, options);
        return result.GetValue(options.Connection) is null
            ? database
            : throw new ToolException(
                ExitCode.WrongUsage,
                $"dev-db reset removes every database of the server, and takes no --connection. 'nexus-data db-hard-reset --connection embedded:{database}' empties this one.");
    }

    private static async Task<int> ResetAsync(
        ToolHost host, string database, bool isDryRun, bool isInProduction, bool isConfirmed, bool isJson,
        CancellationToken cancellationToken)
    {
        var folder = FolderOf(host);
        if (!isDryRun)
        {
            ProductionGuard.Check(host, $"the server in {folder}", isInProduction);
        }

        var contents = await ContentsAsync(host, cancellationToken);
        foreach (var (name, rows) in contents ?? [])
        {
            await host.Error.WriteLineAsync(TerminalText.Line($"  database {name} with {rows:N0} rows"));
        }

        var what = contents is null ? "whatever is in them"
            : $"{contents.Sum(entry => entry.Rows):N0} rows in {contents.Count:N0} {(contents.Count == 1 ? "database" : "databases")}";
        await host.Error.WriteLineAsync(
            $"All data of the server in {folder} {(isDryRun ? "would be" : "are to be")} removed: {what}.");
        if (!isDryRun)
        {
            await Confirmation.AskAsync(host, database, isConfirmed, cancellationToken);
            await using var server = await EmbeddedPostgres.StartAnewAsync(OptionsOf(host, _patience), cancellationToken);
            var connection = await KeepAsync(server, database, cancellationToken);
            if (!isJson)
            {
                await TellAsync(host, connection, "is started anew", isJson, wasRunning: null);
            }
        }

        if (isJson)
        {
            await JsonOutput.WriteAsync(
                host,
                new { Folder = folder, Databases = contents?.Select(entry => new { entry.Name, entry.Rows }) }, ("dry_run", isDryRun));
        }

        return ExitCode.Done;
    }

    // Its databases with their rows; null where nobody can tell, because it does not start.
    private static async Task<List<(string Name, long Rows)>?> ContentsAsync(
        ToolHost host, CancellationToken cancellationToken)
    {
        if (!EmbeddedPostgres.HasData(host.EmbeddedFolder))
        {
            return [];
        }

        try
        {
            await using var server = await EmbeddedPostgres.StartAsync(OptionsOf(host, _patience), cancellationToken);
            var contents = new List<(string, long)>();
            foreach (var name in await server.DatabaseNamesAsync(cancellationToken))
            {
                // Unpooled: nothing of ours shall be in the way of the server's end.
                var connection = new NpgsqlConnectionStringBuilder(server.ConnectionStringFor(name)) { Pooling = false };
                var tables = await DatabaseBackup.CountAsync(connection.ConnectionString, cancellationToken);
                contents.Add((name, tables.Values.Sum()));
            }

            return contents;
        }
        catch (PostgresUnavailableException exception)
        {
            await host.Error.WriteLineAsync($"Nothing can be counted. {exception.Message}");
            return null;
        }
    }

    // Makes the database where it is missing, and lets the server run on.
    private static async Task<string> KeepAsync(EmbeddedPostgres server, string database, CancellationToken cancellationToken)
    {
        var connection = await TargetDatabase.ConnectAsync(server, database, cancellationToken);
        await server.DetachAsync(cancellationToken);
        return connection;
    }

    private static async Task TellAsync(ToolHost host, string connection, string state, bool isJson, bool? wasRunning)
    {
        var folder = FolderOf(host);
        var address = ConnectionStrings.ToUri(connection);
        if (isJson)
        {
            await JsonOutput.WriteAsync(host, new { Folder = folder, WasRunning = wasRunning, Connection = address });
            return;
        }

        await host.Error.WriteLineAsync($"The server in {folder} {state}; 'nexus-data dev-db stop' stops it.");
        await host.Output.WriteLineAsync(address);
    }

    private static EmbeddedPostgresOptions OptionsOf(ToolHost host, TimeSpan timeout)
        => new() { Folder = host.EmbeddedFolder, Announce = host.Error.WriteLine, StartTimeout = timeout };

    private static string FolderOf(ToolHost host) => Path.GetFullPath(host.EmbeddedFolder ?? EmbeddedPostgres.DefaultFolder);

    private static ToolException Late(ToolHost host, TimeSpan timeout)
        => new(
            ExitCode.NoConnection,
            $"The server in {FolderOf(host)} did not answer within {timeout.TotalSeconds:N0} seconds: 'nexus-data dev-db logs' "
            + "says what it does, --timeout has more patience.");

    private static string DatabaseOf(ParseResult result, GlobalOptions options)
        => result.GetValue(options.Connection) is not { } connection ? TargetDatabase.EmbeddedDatabase
            : TargetDatabase.EmbeddedName(connection)
              ?? throw new ToolException(
                  ExitCode.WrongUsage,
                  $"dev-db is the embedded server's: {ConnectionSettings.Option} takes embedded:DATABASE here, and no address.");
}
