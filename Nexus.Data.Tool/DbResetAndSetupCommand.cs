using System.CommandLine;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data db-reset-and-setup</c>: empties a database and sets it up anew, after one question.</summary>
internal static class DbResetAndSetupCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var setup = new SetupOptions();
        var inProduction = ProductionGuard.Create();
        var command = new Verb(
            "db-reset-and-setup", "Drop everything in a database, and set it up anew as db-setup does: one question, then none.")
        {
            inProduction,
        };
        setup.AddTo(command);
        command.Examples =
        [
            ("db-reset-and-setup", "After the database's name is typed."),
            ("db-reset-and-setup --yes --connection embedded:scratch", "Without a question, on a database of the embedded server."),
            ("db-reset-and-setup --dry-run", "What would go, and the steps."),
        ];
        command.SetWorkOnAny(
            options, host, (connection, token) => DatabaseSetup.OpenAsync(host, connection, token),
            (run, cancellationToken) => RunAsync(run, setup, inProduction, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        VerbRun run, SetupOptions options, Option<bool> inProduction, CancellationToken cancellationToken)
    {
        // All that could be refused later is refused before anything is dropped.
        var setup = await DatabaseSetup.PrepareAsync(run, options, cancellationToken);
        await setup.CheckRolesAsync(cancellationToken);
        var contents = await DbHardResetCommand.AskAsync(run, inProduction, cancellationToken);

        // What the others would do depends on what is gone by then.
        var following = setup.Steps(isConfirmed: true)
            .Select(step => run.IsDryRun ? step with { Work = (_, _) => Task.FromResult(ExitCode.Done) } : step);
        return await VerbStep.RunAsync(
            run,
            [
                new(
                    DbHardResetCommand.Name, "empty the database",
                    (host, token) => DbHardResetCommand.DropAsync(run, contents, host, token)),
                .. following,
            ],
            cancellationToken);
    }
}
