using System.CommandLine;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data export</c>: writes requests as a request log.</summary>
internal static class ExportCommand
{
    private const string StandardOutput = "-";

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var log = new Argument<string>("FILE")
        {
            Description = "Where the log goes, in place of a file that is there; - for standard output.",
            DefaultValueFactory = _ => StandardOutput,
        };
        var trainId = new Option<string?>("--train-id") { Description = "Only this train.", HelpName = "SLUG" };
        var conversation = new Option<Guid?>("--conversation")
        {
            Description = "Only this conversation, with all its branches.",
            HelpName = "UUID",
        };
        var since = TimeOption.Create("--since", "Only requests from this time on; in UTC where it names no zone.");
        var command = new Verb("export", "Write requests as a log in JSON Lines, which import reads.")
        {
            log,
            trainId,
            conversation,
            since,
        };
        command.Examples =
        [
            ("export requests.jsonl", "All requests, as of one moment, in a file that only you can read."),
            ("export --train-id rail-club --since 2025-09-01 | gzip > september.jsonl.gz", "Into another program."),
            ("export --conversation 3781c376-48ed-53c1-af6b-0f45285b56ce -", "One conversation, to look at."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetRequiredValue(log),
            new()
            {
                TrainId = result.GetValue(trainId),
                ConversationId = result.GetValue(conversation),
                Since = result.GetValue(since),
            },
            result.GetValue(options.Json), result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string log, ExportOptions export, bool json, string? connection,
        CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Shared, cancellationToken);
        using var progress = new ExportProgressWriter(host);
        export.Progress = progress;
        var exporter = target.Get<RequestExporter>();
        ExportReport report;
        if (log == StandardOutput)
        {
            await using var output = host.OpenOutput();
            report = await exporter.ExportAsync(output, export, cancellationToken);
            progress.Clear();
            CheckFound(target, export, report);
        }
        else
        {
            await using var file = WholeFile.Create(Path.GetFullPath(log));
            report = await exporter.ExportAsync(file.Stream, export, cancellationToken);
            progress.Clear();
            CheckFound(target, export, report);
            await file.CommitAsync();
        }

        // What is told must not stand among the lines of the log.
        var teller = log == StandardOutput ? host.Error : host.Output;
        await (json
            ? JsonOutput.WriteAsync(teller, new { File = log == StandardOutput ? null : Path.GetFullPath(log), Report = report })
            : teller.WriteLineAsync(
                $"{report.Requests:N0} requests and {report.Chunks:N0} events of their answers, {report.Bytes:N0} bytes."));
        return ExitCode.Done;
    }

    // Nothing new since a time is an answer; nothing at all of what was named is a mistake.
    private static void CheckFound(TargetDatabase target, ExportOptions export, ExportReport report)
    {
        if (report.Requests == 0 && export.Since is null
            && (export.ConversationId is not null || export.TrainId is not null))
        {
            var what = (export.ConversationId is { } id ? $" of conversation {id}" : "")
                + (export.TrainId is { } train ? $" of train '{train}'" : "");
            throw new ToolException(ExitCode.CheckFailed, $"There is no request{what} in {target.Place}.");
        }
    }
}
