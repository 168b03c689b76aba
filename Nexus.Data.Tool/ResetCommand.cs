using System.CommandLine;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data reset</c>: empties a database and makes the tables anew.</summary>
internal static class ResetCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var inProduction = ProductionGuard.Create();
        var command = new Verb("reset", "Drop everything in a database, and make the tables of the newest version.")
        {
            inProduction,
        };
        command.Examples =
        [
            ("reset", "An empty database at the newest version, after the database's name is typed."),
            ("reset --dry-run", "What would go, with its row counts."),
        ];
        command.SetWorkOnAny(
            options, host, (connection, token) => DbHardResetCommand.OpenAsync(host, connection, token),
            (run, cancellationToken) => RunAsync(run, inProduction, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(VerbRun run, Option<bool> inProduction, CancellationToken cancellationToken)
    {
        var contents = await DbHardResetCommand.AskAsync(run, inProduction, cancellationToken);
        var exitCode = await VerbStep.RunAsync(
            run,
            [
                new(
                    DbHardResetCommand.Name, "empty the database",
                    (host, token) => DbHardResetCommand.DropAsync(run, contents, host, token)),
                run.IsDryRun
                    ? new("migrate", "make the tables of the newest version", (_, _) => Task.FromResult(ExitCode.Done))
                    : VerbStep.Of(
                        "make the tables of the newest version",
                        ["migrate", "--yes", "--connection", run.Target.Option, .. run.IsJson ? ["--json"] : Array.Empty<string>()]),
            ],
            cancellationToken);
        if (exitCode == ExitCode.Done && !run.IsDryRun)
        {
            await run.Host.Error.WriteLineAsync("Run 'nexus-data setup-roles' where others than you use it.");
        }

        return exitCode;
    }
}
