using System.CommandLine;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data db-hard-reset</c>: empties a database.</summary>
internal static class DbHardResetCommand
{
    public const string Name = "db-hard-reset";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var inProduction = ProductionGuard.Create();
        var command = new Verb(
            Name, "Drop everything in a database, in one transaction: tables, rows and all. Roles and extensions stay.")
        {
            inProduction,
        };
        command.Examples =
        [
            ("db-hard-reset --dry-run", "What would go, with its row counts."),
            ("db-hard-reset", "Drops it, after the database's name is typed."),
            ("db-hard-reset --yes --connection postgresql://postgres@localhost/scratch", "Without a question."),
        ];
        command.SetWorkOnAny(
            options, host, (connection, token) => OpenAsync(host, connection, token),
            async (run, cancellationToken) =>
            {
                var contents = await AskAsync(run, inProduction, cancellationToken);
                return await DropAsync(run, contents, run.Host, cancellationToken);
            });
        return command;
    }

    /// <summary>Opens the database that is meant for us, or the embedded one: never one that another program named.</summary>
    public static Task<TargetDatabase> OpenAsync(ToolHost host, string? connection, CancellationToken cancellationToken)
        => TargetDatabase.OpenAsync(host, connection, ConnectionScope.Own, cancellationToken: cancellationToken);

    /// <summary>Says what goes, and asks; where nothing is there, nothing is asked.</summary>
    public static async Task<DatabaseContents> AskAsync(
        VerbRun run, Option<bool> inProduction, CancellationToken cancellationToken)
    {
        run.CheckProduction(inProduction);
        var contents = await run.Get<DatabaseEraser>().ReadAsync(cancellationToken);
        if (!contents.IsEmpty)
        {
            await TellAsync(run, contents);
            if (!run.IsDryRun)
            {
                await run.ConfirmAsync($"All of {run.Target.Place} is to be dropped: {What(contents)}.", cancellationToken);
            }
        }

        return contents;
    }

    /// <summary>Drops what there is, unless it is a dry run.</summary>
    public static async Task<int> DropAsync(
        VerbRun run, DatabaseContents contents, ToolHost host, CancellationToken cancellationToken)
    {
        if (!run.IsDryRun && !contents.IsEmpty)
        {
            await run.Get<DatabaseEraser>().EmptyAsync(contents, cancellationToken);
        }

        if (run.IsJson)
        {
            await JsonOutput.WriteAsync(
                host,
                new { Database = run.Target.Place, contents.Rows, contents.Tables, contents.Things }, ("dry_run", run.IsDryRun));
        }
        else
        {
            await host.Output.WriteLineAsync(
                contents.IsEmpty ? $"Nothing to drop: {run.Target.Place} is empty."
                    : run.IsDryRun ? $"{What(contents)} would be dropped in {run.Target.Place}."
                    : $"{What(contents)}: dropped. {run.Target.Place} is empty.");
        }

        return ExitCode.Done;
    }

    private static async Task TellAsync(VerbRun run, DatabaseContents contents)
    {
        foreach (var table in contents.Tables.Where(table => table.Rows > 0 || !table.IsOurs))
        {
            var whose = table.IsOurs ? "" : ", of another program";
            await run.Host.Error.WriteLineAsync(TerminalText.Line($"  {table.Name} with {table.Rows:N0} rows{whose}"));
        }
    }

    private static string What(DatabaseContents contents)
    {
        var others = contents.Things.Count(thing => !thing.StartsWith("table ", StringComparison.Ordinal));
        return $"{contents.Rows:N0} rows in {contents.Tables.Count:N0} tables, and {others:N0} schemas, views, functions and types";
    }
}
