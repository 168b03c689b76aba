using System.CommandLine;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data import</c>: reads a request log and links it.</summary>
internal static class ImportCommand
{
    private const string StandardInput = "-";
    private const int MostNamed = 100;

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var log = new Argument<string>("FILE") { Description = "The log in JSON Lines; - for standard input." };
        var rejects = new Option<string?>("--rejects")
        {
            Description = "Where refused lines go: FILE.rejects, for standard input rejects.jsonl. Each run that refuses "
                + "one writes it anew.",
            HelpName = "FILE",
        };
        var trainId = new Option<string?>("--train-id")
        {
            Description = "Only requests of this train. A line that cannot be read is refused all the same.",
            HelpName = "SLUG",
        };
        var since = TimeOption.Create("--since", "Only requests from this time on; in UTC where it names no zone.");
        var dryRun = new Option<bool>("--dry-run") { Description = "Read and check every line, and store nothing." };
        var command = new Verb("import", "Import a request log and link it. Nothing is imported twice.")
        {
            log,
            rejects,
            trainId,
            since,
            dryRun,
        };
        command.Examples =
        [
            ("import requests.jsonl", "Refused lines go to requests.jsonl.rejects, and the exit code is 1 then."),
            ("import requests.jsonl.rejects", "The same lines again, once they are mended."),
            ("import - --rejects bad.jsonl < requests.jsonl", "From another program."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host,
            new(
                result.GetRequiredValue(log), result.GetValue(rejects), result.GetValue(trainId), result.GetValue(since),
                result.GetValue(dryRun), result.GetValue(options.Json)),
            result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, ImportRun run, string? connection, CancellationToken cancellationToken)
    {
        var rejects = Path.GetFullPath(
            run.Rejects ?? (run.Log == StandardInput ? "rejects.jsonl" : run.Log + ".rejects"));
        if (run.Log != StandardInput)
        {
            Check(run.Log, rejects);
        }

        await using var log = run.Log == StandardInput ? host.OpenInput() : File.OpenRead(run.Log);
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Shared, cancellationToken);
        using var progress = new ImportProgressWriter(host, log.CanSeek ? log.Length : null);
        var options = new ImportOptions
        {
            Progress = progress,
            TrainId = run.TrainId,
            Since = run.Since,
            DryRun = run.DryRun,
        };
        var named = new List<RejectedLine>();
        options.OnRejected = line =>
        {
            if (!run.DryRun)
            {
                options.Rejects ??= File.Create(rejects);
            }

            if (named.Count < MostNamed)
            {
                named.Add(line);
                progress.WriteLine($"line {line.Number}: {line.Reason}");
            }
        };

        try
        {
            var report = await target.Get<RequestImporter>().ImportAsync(log, options, cancellationToken);
            progress.Clear();
            await WriteAsync(host, run, report, named, options.Rejects is null ? null : rejects);
            return report.Rejected > 0 ? ExitCode.CheckFailed : ExitCode.Done;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            progress.Clear();
            await host.Error.WriteLineAsync(
                $"{progress.Last.Stored:N0} requests were stored; run it again on the same log to go on.");
            throw;
        }
        finally
        {
            if (options.Rejects is { } stream)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private static void Check(string log, string rejects)
    {
        if (!File.Exists(log))
        {
            throw new ToolException(ExitCode.WrongUsage, $"There is no file {log}.");
        }

        if (Path.GetFullPath(log) == rejects)
        {
            throw new ToolException(ExitCode.WrongUsage, "Refused lines cannot go to the file that is read.");
        }
    }

    private static async Task WriteAsync(
        ToolHost host, ImportRun run, ImportReport report, List<RejectedLine> named, string? rejects)
    {
        if (report.Rejected > named.Count)
        {
            await host.Error.WriteLineAsync($"and {report.Rejected - named.Count:N0} more lines were rejected.");
        }

        if (run.Json)
        {
            await JsonOutput.WriteAsync(
                host, new { run.DryRun, Report = report, RejectedLines = named, RejectsFile = rejects });
            return;
        }

        await host.Output.WriteLineAsync(
            $"{report.Lines:N0} lines: {report.Stored:N0} requests {(run.DryRun ? "would be " : "")}stored, "
            + $"{report.Known:N0} were known already, {report.Rejected:N0} lines rejected.");
        if (report.Skipped > 0)
        {
            await host.Output.WriteLineAsync($"{report.Skipped:N0} requests were not asked for.");
        }

        if (report.Unlinked + report.Deferred > 0)
        {
            await host.Output.WriteLineAsync(
                $"Of these take no part in conversations: {report.Unlinked:N0}; wait to be linked: "
                + $"{report.Deferred:N0}.");
        }

        if (rejects is not null)
        {
            await host.Output.WriteLineAsync(
                $"The rejected lines are in {rejects}: mend them there and import that file.");
        }
    }
}

/// <summary>What to import, and how.</summary>
internal sealed record ImportRun(
    string Log, string? Rejects, string? TrainId, DateTimeOffset? Since, bool DryRun, bool Json);
