using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data clean-data</c>: removes rows and leaves the tables.</summary>
internal static class CleanDataCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var all = new Option<bool>("--all")
        {
            Description = "Also requests, trains, accounts, keys, members and analyses. Prices stay, which are settings.",
        };
        var inProduction = ProductionGuard.Create();
        var command = new Verb("clean-data", "Remove all people and chats, and leave the tables.") { all, inProduction };
        command.Examples =
        [
            ("clean-data", "Says how many rows go, and asks."),
            ("clean-data --all --dry-run", "What would go of everything."),
            ("clean-data --yes", "Without the question."),
        ];
        command.SetChange(options, host, (run, cancellationToken) => RunAsync(run, run.Result.GetValue(all), inProduction, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(VerbRun run, bool all, Option<bool> inProduction, CancellationToken cancellationToken)
    {
        run.CheckProduction(inProduction);
        var scope = all ? CleaningScope.Everything : CleaningScope.Chats;
        var cleaner = new DataCleaner(run.Get<IDbContextFactory<NexusDbContext>>());
        var tables = await cleaner.CountAsync(scope, cancellationToken);
        if (tables.Any(table => table.Rows > 0))
        {
            await run.ConfirmAsync(
                $"This removes {tables.Sum(table => table.Rows):N0} rows of {run.Target.Place}: "
                + $"{string.Join(", ", tables.Where(table => table.Rows > 0).Select(table => $"{table.Table} {table.Rows:N0}"))}.",
                cancellationToken);
            if (!run.IsDryRun)
            {
                tables = await run.ChangeAsync((db, token) => cleaner.In(db).CleanAsync(scope, token), cancellationToken);
            }
        }

        return await run.TellAsync(new { Database = run.Target.Place, Tables = tables }, Sentence(run, tables));
    }

    private static string Sentence(VerbRun run, IReadOnlyList<PopulationCount> tables)
        => tables.Sum(table => table.Rows) is var rows and > 0
            ? $"{rows:N0} rows {(run.IsDryRun ? "would be" : "were")} removed from {run.Target.Place}."
            : $"There is nothing to remove in {run.Target.Place}: already empty.";
}
