using System.CommandLine;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Embedded;
using Nexus.Data.Persistence;
using Nexus.Data.Totals;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data rebuild-conversations</c>: links all requests anew, or says what that would change.</summary>
internal static class RebuildConversationsCommand
{
    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var trainId = new Option<string?>("--train-id") { Description = "Only this train.", HelpName = "SLUG" };
        var domain = new Option<string?>("--domain") { Description = "Deprecated: --train-id.", HelpName = "SLUG" };
        var limit = new Option<int?>("--limit")
        {
            Description = "The most requests that may change in each train, the earliest first.",
            HelpName = "COUNT",
        };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is not [{ Value: var text }] || !int.TryParse(text, out var count) || count < 1)
            {
                result.AddError("--limit takes a number of 1 or more.");
            }
        });
        var requests = new Option<string?>("--requests")
        {
            Description = "The requests that may change, by their identifiers, with commas between them.",
            HelpName = "IDS",
        };
        var execute = new Option<bool>("--execute") { Description = "Write. Without it nothing is changed." };
        var rehash = new Option<bool>("--rehash")
        {
            Description = "Make stored link hashes anew from the bodies. The original's hashes stay.",
        };
        var backup = new Option<string?>("--backup")
        {
            Description = "With --execute: back the whole database up to this file first, with pg_dump.",
            HelpName = "FILE",
        };
        var summaries = new Option<bool>("--summaries")
        {
            Description = "Compare the totals that lists and usage are read off with the requests, and mend them; no link changes.",
        };
        var command = new Verb("rebuild-conversations", "Link all requests anew, by their times. A dry run as a rule.")
        {
            trainId,
            domain,
            limit,
            requests,
            execute,
            backup,
            rehash,
            summaries,
        };
        command.Examples =
        [
            ("rebuild-conversations", "What a rebuild would change."),
            ("rebuild-conversations --execute --backup before.dump",
                "Change it, after a question and a backup; requests may be stored meanwhile."),
            ("rebuild-conversations --train-id rail-club --execute --yes --json", "One train, for a program."),
            ("rebuild-conversations --summaries --execute", "Mend totals after another program has written requests."),
        ];
        command.Validators.Add(result =>
        {
            if (result.GetValue(summaries)
                && (result.GetResult(limit) ?? result.GetResult(requests) ?? result.GetResult(backup) ?? result.GetResult(rehash)) is not null)
            {
                result.AddError("--summaries goes with --train-id and --execute alone.");
            }
        });
        command.SetAction((result, cancellationToken) => result.GetValue(summaries)
            ? SummarizeAsync(
                host, result.GetValue(trainId) ?? result.GetValue(domain), result.GetValue(execute), result.GetValue(options.Json),
                result.GetValue(options.Connection), cancellationToken)
            : RunAsync(
            host,
            new(
                result.GetValue(trainId), result.GetValue(domain), result.GetValue(limit), result.GetValue(requests),
                result.GetValue(execute), result.GetValue(backup), result.GetValue(rehash),
                result.GetValue(options.Yes), result.GetValue(options.Json)),
            result.GetValue(options.Connection), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, RebuildRun run, string? connection, CancellationToken cancellationToken)
    {
        var rebuild = await OptionsAsync(host, run);
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Shared, cancellationToken);
        using var progress = new RebuildProgressWriter(host);
        rebuild.Progress = progress;
        var rebuilder = target.Get<ConversationRebuilder>();
        if (run.Execute)
        {
            if (run.Backup is null)
            {
                await host.Error.WriteLineAsync(
                    "No backup is made without --backup FILE. By hand: "
                    + DatabaseDump.Command(target.ConnectionString, $"{target.Name}.dump"));
            }

            if (!run.Yes)
            {
                rebuild.Execute = false;
                var plan = await rebuilder.RebuildAsync(rebuild, cancellationToken);
                progress.Clear();
                await host.Error.WriteLineAsync(
                    $"In {target.Place} {plan.ChangedRequests:N0} of {plan.Trains.Sum(train => train.Requests):N0} requests "
                    + "would change.");
                await Confirmation.AskAsync(host, target, run.Yes, cancellationToken);
            }

            rebuild.Execute = true;
            if (run.Backup is { } file)
            {
                await DatabaseDump.WriteAsync(target.ConnectionString, file, cancellationToken);
                await host.Error.WriteLineAsync($"Backed up to {file}, {new FileInfo(file).Length:N0} bytes.");
            }
        }

        var report = await rebuilder.RebuildAsync(rebuild, cancellationToken);
        progress.Clear();
        if (rebuild.TrainId is { } trainId && report.Trains.Count == 0)
        {
            throw new ToolException(
                ExitCode.CheckFailed, $"There is no request of train '{trainId}' in {target.Place}.");
        }

        if (run.Json)
        {
            await JsonOutput.WriteAsync(host, report);
        }
        else
        {
            await RebuildReportWriter.WriteAsync(host, report);
            await host.Output.WriteLineAsync(report.Executed
                ? $"{report.ChangedRequests:N0} requests were changed."
                : $"{report.ChangedRequests:N0} requests would change. With --execute they are; --json names them all.");
        }

        return ExitCode.Done;
    }

    // Totals alone change, which anyone may: nothing is lost, and no question is asked.
    private static async Task<int> SummarizeAsync(
        ToolHost host, string? trainId, bool execute, bool json, string? connection, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Shared, cancellationToken);
        var repair = target.Get<TotalsRepair>();
        var report = execute
            ? await repair.RepairAsync(trainId, cancellationToken)
            : await repair.VerifyAsync(trainId, cancellationToken);
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, Executed = execute, Totals = report });
        }
        else
        {
            var what = $"{report.Conversations:N0} conversations, {report.Hours:N0} hours and the words of {report.Words:N0} requests";
            await host.Output.WriteLineAsync(
                report.IsRight ? $"{target.Place}: all totals and words to search by are right."
                : execute ? $"{target.Place}: totals of {what} were mended."
                : $"{target.Place}: totals of {what} are wrong. With --execute they are mended.");
        }

        return execute || report.IsRight ? ExitCode.Done : ExitCode.CheckFailed;
    }

    private static async Task<RebuildOptions> OptionsAsync(ToolHost host, RebuildRun run)
    {
        if (run.Domain is not null)
        {
            await host.Error.WriteLineAsync("--domain is deprecated: use --train-id.");
        }

        if (run is { Backup: not null, Execute: false })
        {
            throw new ToolException(ExitCode.WrongUsage, "--backup goes with --execute: a dry run changes nothing.");
        }

        return new()
        {
            TrainId = run.TrainId ?? run.Domain,
            Rehash = run.Rehash,
            Limit = run.Limit,
            RequestIds = run.Requests is { } list ? Ids(list) : null,
        };
    }

    private static List<Guid> Ids(string list)
    {
        var ids = new List<Guid>();
        foreach (var text in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            ids.Add(Guid.TryParse(text, out var id)
                ? id
                : throw new ToolException(ExitCode.WrongUsage, $"'{text}' is no identifier of a request."));
        }

        return ids.Count > 0
            ? ids
            : throw new ToolException(ExitCode.WrongUsage, "--requests names no request.");
    }
}

/// <summary>What to rebuild, and how.</summary>
internal sealed record RebuildRun(
    string? TrainId, string? Domain, int? Limit, string? Requests, bool Execute, string? Backup, bool Rehash,
    bool Yes, bool Json);
