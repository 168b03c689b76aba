using System.CommandLine;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data prune</c>: takes old requests away, or their bodies alone.</summary>
internal static class PruneCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var olderThan = TimeOption.CreateLength("--older-than", "Conversations whose newest request is older, such as 90d.");
        var before = TimeOption.Create("--before", "The same as a time; in UTC where it names no zone.");
        var trainIds = new Option<string[]>("--train-id")
        {
            Description = "Only this train; may be given more than once.",
            HelpName = "SLUG",
        };
        var payloadOnly = new Option<bool>("--payload-only")
        {
            Description = "Keep the rows with usage, links and hashes, and remove bodies, headers, tool uses and events.",
        };
        var execute = new Option<bool>("--execute") { Description = "Delete. Without it nothing is changed." };
        var batchSize = new Option<int>("--batch-size")
        {
            Description = "Requests of one transaction, 1 to 10,000; a longer conversation goes as a whole.",
            HelpName = "COUNT",
            DefaultValueFactory = _ => 500,
        };
        batchSize.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var count) || count is < 1 or > 10_000))
            {
                result.AddError("--batch-size takes a number from 1 to 10000.");
            }
        });
        var pause = new Option<int>("--pause")
        {
            Description = "Milliseconds between transactions.",
            HelpName = "MS",
            DefaultValueFactory = _ => 100,
        };
        pause.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var count) || count < 0))
            {
                result.AddError("--pause takes a number of milliseconds, 0 or more.");
            }
        });
        var maxDuration = TimeOption.CreateLength("--max-duration", "Begin nothing more after so long, such as 2h.");
        var inProduction = ProductionGuard.Create();
        var command = new Verb("prune", "Take old conversations away as a whole, or their bodies. A dry run as a rule.")
        {
            olderThan,
            before,
            trainIds,
            payloadOnly,
            execute,
            batchSize,
            pause,
            maxDuration,
            inProduction,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetResult(olderThan) is null) == (result.GetResult(before) is null))
            {
                result.AddError("prune takes either --older-than or --before.");
            }
        });
        command.Examples =
        [
            ("prune --older-than 90d", "What would go."),
            ("prune --older-than 90d --execute", "Delete it, after a question; requests may be stored meanwhile."),
            ("prune --older-than 30d --payload-only --execute --yes --max-duration 2h", "Each night, from a timer."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host,
            new(
                result.GetValue(olderThan), result.GetValue(before), result.GetValue(trainIds) ?? [],
                result.GetValue(payloadOnly), result.GetValue(execute), result.GetValue(batchSize), result.GetValue(pause),
                result.GetValue(maxDuration), result.GetValue(inProduction), result.GetValue(options.Yes),
                result.GetValue(options.Json)),
            result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, PruneRun run, string? connection, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Own, cancellationToken);
        using var progress = new PruneProgressWriter(host);
        var prune = new PruneOptions
        {
            Before = run.Before ?? host.Time.GetUtcNow() - run.OlderThan!.Value,
            TrainIds = run.TrainIds.Length > 0 ? run.TrainIds : null,
            PayloadOnly = run.PayloadOnly,
            BatchSize = run.BatchSize,
            Pause = TimeSpan.FromMilliseconds(run.Pause),
            Progress = progress,
        };
        var pruner = target.Get<RequestPruner>();
        if (run.Execute)
        {
            ProductionGuard.Check(host, target, run.InProduction);
            if (!run.Yes)
            {
                var plan = await pruner.PruneAsync(prune, cancellationToken);
                progress.Clear();
                await host.Error.WriteLineAsync($"In {target.Place} {What(plan, run)} would go.");
                await Confirmation.AskAsync(host, target, run.Yes, cancellationToken);
            }

            (prune.Execute, prune.MaxDuration) = (true, run.MaxDuration);
        }

        PruneReport report;
        try
        {
            report = await pruner.PruneAsync(prune, cancellationToken);
            progress.Clear();
        }
        catch (Exception) when (run.Execute && cancellationToken.IsCancellationRequested)
        {
            progress.Clear();
            await host.Error.WriteLineAsync($"{progress.Last.Requests:N0} requests are done; run it again to go on.");
            throw;
        }

        if (run.Json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, prune.Before, run.PayloadOnly, Report = report });
        }
        else
        {
            await WriteAsync(host, target, run, report);
        }

        return report is { Executed: false, References.Count: > 0 } ? ExitCode.CheckFailed : ExitCode.Done;
    }

    private static string What(PruneReport report, PruneRun run)
        => $"{(run.PayloadOnly ? "the bodies of " : "")}{report.Requests:N0} requests of {report.Conversations:N0} conversations, "
            + ByteSize.Text(report.Bytes);

    private static async Task WriteAsync(ToolHost host, TargetDatabase target, PruneRun run, PruneReport report)
    {
        if (report.Trains.Count > 0)
        {
            var table = new Table().Border(host.IsTerminal ? TableBorder.Rounded : TableBorder.None);
            table.AddColumn("train");
            foreach (var name in (ReadOnlySpan<string>)["conversations", "requests", "size", "kept"])
            {
                table.AddColumn(new TableColumn(name).RightAligned());
            }

            foreach (var train in report.Trains)
            {
                table.AddRow(
                    train.TrainId.EscapeMarkup(), $"{train.Conversations:N0}", $"{train.Requests:N0}",
                    ByteSize.Text(train.Bytes), $"{train.Kept:N0}");
            }

            host.CreateConsole().Write(table);
        }

        if (report.Kept > 0)
        {
            await host.Output.WriteLineAsync(run.PayloadOnly
                ? $"{report.Kept:N0} old requests keep their bodies, for linking has still to read them: "
                  + "'nexus-data rebuild-conversations --execute' does."
                : $"{report.Kept:N0} old requests stay, for requests that stay refer to them.");
        }

        if (!report.Executed)
        {
            foreach (var reference in report.References)
            {
                await host.Error.WriteLineAsync($"In the way is a foreign key of another program: {reference}.");
            }

            await host.Output.WriteLineAsync($"In {target.Place} {What(report, run)} would go. With --execute they do.");
            return;
        }

        await host.Output.WriteLineAsync($"{What(report, run)}: gone.");
        if (!report.IsComplete)
        {
            await host.Output.WriteLineAsync("Time ran out: run it again to go on.");
        }

        if (report.Requests > 0)
        {
            await host.Output.WriteLineAsync(
                "The server uses the room again once autovacuum has been there; at once after "
                + "VACUUM (ANALYZE) of api_requests and streaming_chunks by their owner. Files become smaller by VACUUM FULL alone, "
                + "which nobody else may use the tables during.");
        }
    }
}

/// <summary>What to prune, and how.</summary>
internal sealed record PruneRun(
    TimeSpan? OlderThan, DateTimeOffset? Before, string[] TrainIds, bool PayloadOnly, bool Execute, int BatchSize,
    int Pause, TimeSpan? MaxDuration, bool InProduction, bool Yes, bool Json);
