using System.CommandLine;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data migrate</c>: brings a database to the newest version, or to another.</summary>
internal static class MigrateCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var to = new Option<string?>("--to")
        {
            Description = $"The migration to end at, by number, name or id; '{SchemaMigrator.Nothing}' undoes all.",
            HelpName = "NNN|NAME",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "List the steps and change nothing." };
        var retireClearKeys = new Option<bool>("--retire-clear-keys")
        {
            Description = "Keep API keys that stand in clear as hashes alone: the program that made them can verify none "
                + "any more.",
        };
        var inProduction = ProductionGuard.Create();
        var command = new Verb("migrate", "Bring a database to the newest version, or to another, up or down.")
        {
            to,
            dryRun,
            retireClearKeys,
            inProduction,
        };
        command.Examples =
        [
            ("migrate", "To the newest version. Databases of the original program are brought along."),
            ("migrate --dry-run", "What that would do."),
            ("migrate --retire-clear-keys", "The same where the original program's API keys are: once it is gone."),
            ("migrate --to 007", "To AddParentRequestId, up or down; asks where rows would be lost."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(options.Connection), result.GetValue(to), result.GetValue(dryRun),
            result.GetValue(retireClearKeys), result.GetValue(inProduction), result.GetValue(options.Yes), result.GetValue(options.Json),
            cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, string? to, bool dryRun, bool retireClearKeys, bool inProduction, bool yes,
        bool json, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Shared, MigrationLog.For(host, json),
            cancellationToken);
        var migrator = target.Get<SchemaMigrator>();
        var plan = await migrator.PlanAsync(to, retireClearKeys, cancellationToken);

        if (!dryRun)
        {
            await ConfirmAsync(host, target, plan, inProduction, yes, cancellationToken);
            await migrator.ApplyAsync(plan, cancellationToken);
        }

        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, DryRun = dryRun, Plan = plan });
        }
        else
        {
            await WriteAsync(host, target, plan, dryRun);
        }

        return ExitCode.Done;
    }

    private static async Task ConfirmAsync(
        ToolHost host, TargetDatabase target, MigrationPlan plan, bool inProduction, bool yes, CancellationToken cancellationToken)
    {
        var lost = plan.Losses.Where(loss => loss.Rows > 0).ToList();
        if (lost.Count > 0)
        {
            ProductionGuard.Check(host, target, inProduction);
            await host.Error.WriteLineAsync(
                $"This undoes {plan.Revert.Count} migrations of {target.Place}, and with them goes:");
            foreach (var loss in lost)
            {
                await host.Error.WriteLineAsync("  " + Words(loss));
            }

            await Confirmation.AskAsync(host, target, yes, cancellationToken);
        }
    }

    private static async Task WriteAsync(ToolHost host, TargetDatabase target, MigrationPlan plan, bool dryRun)
    {
        if (dryRun)
        {
            foreach (var id in plan.Revert)
            {
                await host.Output.WriteLineAsync($"would revert {SchemaMigrator.Display(id)}");
            }

            foreach (var loss in plan.Losses.Where(loss => loss.Rows > 0))
            {
                await host.Output.WriteLineAsync($"would lose {Words(loss)}");
            }

            foreach (var id in plan.Apply)
            {
                await host.Output.WriteLineAsync($"would apply {SchemaMigrator.Display(id)}");
            }
        }

        var version = plan.Target is { } id2 ? SchemaMigrator.Display(id2) : "no version";
        var start = plan.IsEmpty ? "Nothing to do: " : "";
        var verb = dryRun && !plan.IsEmpty ? "would be" : "is";
        await host.Output.WriteLineAsync($"{start}{target.Place} {verb} at {version}.");
    }

    private static string Words(MigrationLoss loss)
        => loss.Column is null
            ? $"table {loss.Table} with {loss.Rows:N0} rows"
            : $"column {loss.Table}.{loss.Column} with {loss.Rows:N0} values";
}
