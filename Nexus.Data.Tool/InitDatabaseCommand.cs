using System.CommandLine;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data init-database</c>: makes the tables in an empty database.</summary>
internal static class InitDatabaseCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var sql = new Option<bool>("--sql") { Description = "Print the script instead, and connect to nothing." };
        var dryRun = new Option<bool>("--dry-run") { Description = "List the steps and change nothing." };
        var command = new Verb("init-database", "Bring an empty database to the newest version.")
        {
            sql,
            dryRun,
        };
        command.Examples =
        [
            ("init-database --connection postgresql://localhost/nexus", "The database must be there and empty."),
            ("init-database --sql > schema.sql", "The script, for those who run it themselves."),
        ];
        command.SetAction((result, cancellationToken) => result.GetValue(sql)
            ? WriteScriptAsync(host)
            : RunAsync(
                host, result.GetValue(options.Connection), result.GetValue(dryRun), result.GetValue(options.Json),
                cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, bool dryRun, bool json, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Own, MigrationLog.For(host, json),
            cancellationToken);
        var status = await target.Get<DatabaseStatusReader>().ReadAsync(cancellationToken);
        if (status.Origin != DatabaseOrigin.Empty || status.IsMigrating)
        {
            throw new ToolException(ExitCode.Refused, $"{target.Place} {Objection(status)}");
        }

        var migrator = target.Get<SchemaMigrator>();
        var plan = await migrator.PlanAsync(cancellationToken: cancellationToken);
        if (!dryRun)
        {
            await migrator.ApplyAsync(plan, cancellationToken);
        }

        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, DryRun = dryRun, Plan = plan });
            return ExitCode.Done;
        }

        foreach (var id in dryRun ? plan.Apply : [])
        {
            await host.Output.WriteLineAsync($"would apply {SchemaMigrator.Display(id)}");
        }

        var version = plan.Target is { } newest ? SchemaMigrator.Display(newest) : "no version";
        await host.Output.WriteLineAsync($"{target.Place} {(dryRun ? "would be" : "is")} at {version}.");
        return ExitCode.Done;
    }

    internal static async Task<int> WriteScriptAsync(ToolHost host)
    {
        await using var nowhere = TargetDatabase.Nowhere();
        await host.Output.WriteAsync(nowhere.Get<SchemaMigrator>().Script());
        return ExitCode.Done;
    }

    private static string Objection(DatabaseStatus status) => status switch
    {
        { IsMigrating: true } => "is being migrated at this moment.",
        { Origin: DatabaseOrigin.Foreign } =>
            "is not empty: it holds tables of another program; make a database of its own for Nexus.",
        _ => "has our tables already: 'nexus-data migrate' brings it to the newest version and keeps its rows.",
    };
}
