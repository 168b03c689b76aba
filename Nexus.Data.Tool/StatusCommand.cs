using System.CommandLine;
using Nexus.Data.Operations;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data status</c>: what a database is, and how far its schema is.</summary>
internal static class StatusCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var command = new Verb("status", "Say what a database is, what migrations it has, and how much is in it.")
        {
            Examples =
            [
                ("status", "Exit code 0: at the newest version; 1: behind."),
                ("status --json --connection postgresql://db.example.org/nexus", "The same for a program."),
            ],
        };
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(options.Connection), result.GetValue(options.Json), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, bool json, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenAsync(
            host, connection, ConnectionScope.Shared, cancellationToken: cancellationToken);
        var status = await target.Get<DatabaseStatusReader>().ReadAsync(cancellationToken);
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { target.Place, Status = status });
        }
        else
        {
            await WriteAsync(host, target, status);
        }

        return status.IsCurrent ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task WriteAsync(ToolHost host, TargetDatabase target, DatabaseStatus status)
    {
        await host.Output.WriteLineAsync($"{target.Place}, PostgreSQL {status.ServerVersion}");
        await host.Output.WriteLineAsync(Sentence(status));
        if (status.Obstacle is { } obstacle)
        {
            await host.Output.WriteLineAsync("'nexus-data migrate' would refuse to begin. " + obstacle);
        }

        await WriteListAsync(host, "  missing ", status.Original?.Missing ?? []);
        foreach (var id in status.Applied)
        {
            var remark = status.Unknown.Contains(id) ? ", not known to this version" : "";
            await host.Output.WriteLineAsync($"  applied {SchemaMigrator.Display(id)}{remark}");
        }

        foreach (var id in status.Pending)
        {
            await host.Output.WriteLineAsync($"  pending {SchemaMigrator.Display(id)}");
            if (status.Forecast.FirstOrDefault(forecast => forecast.Id == id) is { } forecast)
            {
                await WriteAsync(host, forecast);
            }
        }

        await WriteListAsync(host, "Of another maker, and left as it is: ", status.Kept);

        if (status.Bytes is { } bytes)
        {
            await host.Output.WriteLineAsync($"{ByteSize.Text(bytes)} in all; rows by the server's statistics:");
            foreach (var table in status.Tables)
            {
                await host.Output.WriteLineAsync($"  {table.Name,-28} {table.Rows,14:N0} {ByteSize.Text(table.Bytes),12}");
            }
        }

        if (status.Unlinked is { } unlinked)
        {
            await host.Output.WriteLineAsync($"{unlinked:N0} requests wait to be linked.");
        }

        if (status.ClearKeys is > 0 and var keys)
        {
            await host.Output.WriteLineAsync(
                $"{keys:N0} API keys are stored in clear; 'nexus-data migrate --retire-clear-keys' keeps their hashes alone.");
        }
    }

    private static async Task WriteAsync(ToolHost host, MigrationForecast forecast)
    {
        await WriteListAsync(host, "    makes ", forecast.Makes);
        await WriteListAsync(host, "    renames ", forecast.Renames);
        await WriteListAsync(host, "    drops ", forecast.Drops);
        await WriteListAsync(host, "    does not build, since the table is large and 016 drops them: ", forecast.LeavesOut);
        foreach (var rows in forecast.Rows)
        {
            await host.Output.WriteLineAsync($"    {rows.What} ({rows.Table}, about {rows.Rows:N0} rows)");
        }
    }

    private static async Task WriteListAsync(ToolHost host, string title, IReadOnlyList<string> things)
    {
        if (things.Count > 0)
        {
            await host.Output.WriteLineAsync(title + string.Join(", ", things));
        }
    }

    private static string Sentence(DatabaseStatus status)
    {
        var newest = status.Applied.Count > 0 ? SchemaMigrator.Display(status.Applied[^1]) : "";
        return status switch
        {
            { IsMigrating: true } => "Somebody is migrating it.",
            { Origin: DatabaseOrigin.Empty } => "It is empty: 'nexus-data init-database' makes the tables.",
            { Origin: DatabaseOrigin.Original, Original: { } original } =>
                $"It was made by the original program's scripts: {original.Name}. 'nexus-data migrate' brings it to the "
                + "newest version and keeps its rows.",
            { Origin: DatabaseOrigin.Bootstrap, Original: { } original } =>
                $"It was made by the original program's {original.Name}. 'nexus-data migrate' brings it to the newest "
                + "version and keeps its rows.",
            { Origin: DatabaseOrigin.OursWithoutHistory } =>
                "Its tables are ours, and the history of migrations is gone: 'nexus-data migrate' writes it anew and leaves "
                + "what is there.",
            { Origin: DatabaseOrigin.Foreign } =>
                "It is not ours: it holds tables of another program and none that we know.",
            { Unknown.Count: > 0 } => $"It is ours, at {newest}, by a version newer than this one.",
            { Pending.Count: > 0 } =>
                $"It is ours, at {newest}, and {status.Pending.Count} behind: 'nexus-data migrate' brings it along.",
            _ => $"It is ours, at {newest}, the newest version.",
        };
    }
}
