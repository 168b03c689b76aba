using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using Nexus.Data.Analyses;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data analyses</c>: what the queue of analyses holds, and another try for what failed.</summary>
internal static class AnalysesCommand
{
    private const int PageSize = 500;

    public static Command Create(GlobalOptions options, ToolHost host)
        => new Verb("analyses", "Look after the analyses of conversations and their queue.")
        {
            Subcommands =
            {
                CreateList(options, host),
                CreateShow(options, host),
                CreateRetry(options, host),
                CreateStuck(options, host),
                CreateCounts(options, host),
            },
            Examples =
            [
                ("analyses counts", "How many wait, are being made, are done and have failed."),
                ("analyses list --status failed", "The newest that failed, with their last errors."),
                ("analyses retry --failed --dry-run", "Which would be tried again."),
            ],
        };

    private static Verb CreateList(GlobalOptions options, ToolHost host)
    {
        var status = new Option<string?>("--status") { Description = "How far they are.", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong([.. Enum.GetValues<ConversationAnalysisStatus>().Select(JsonOutput.Word)]);
        var (trainId, limit) = (TrainId(), Limit());
        var before = new Option<long?>("--before")
        {
            Description = "Only those with a smaller number: that of the last one of the page before.",
            HelpName = "ID",
        };
        var command = new Verb("list", "List analyses, the newest first.")
        {
            status,
            trainId,
            limit,
            before,
        };
        command.Examples =
        [
            ("analyses list", "The newest twenty."),
            ("analyses list --status failed --train-id rail-club", "What failed of a train."),
            ("analyses list --limit 100 --before 4711 --json", "The next page, for a program."),
        ];
        command.SetAction(async (result, cancellationToken) =>
        {
            await ListAsync(
                host, result.GetValue(options.Connection),
                new() { Status = Status(result.GetValue(status)), TrainId = result.GetValue(trainId) },
                result.GetValue(before), result.GetValue(limit), result.GetValue(options.Json), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static Verb CreateShow(GlobalOptions options, ToolHost host)
    {
        var which = new Argument<string>("ANALYSIS") { Description = "An analysis by its number, or a conversation." };
        var branch = new Option<string>("--branch")
        {
            Description = "The branch of the conversation.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "main",
        };
        var command = new Verb("show", "Show an analysis with its content and its errors.")
        {
            which,
            branch,
        };
        command.Examples =
        [
            ("analyses show 4711", "By its number."),
            ("analyses show 3781c376-48ed-53c1-af6b-0f45285b56ce --branch main", "By its conversation."),
        ];
        command.SetAction((result, cancellationToken) => ShowAsync(
            host, result.GetValue(options.Connection), result.GetRequiredValue(which), result.GetRequiredValue(branch),
            result.GetValue(options.Json), cancellationToken));
        return command;
    }

    private static Verb CreateRetry(GlobalOptions options, ToolHost host)
    {
        var ids = new Argument<string[]>("ID")
        {
            Description = "Analyses that failed or are stuck.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var failed = new Option<bool>("--failed") { Description = "All that failed." };
        var stuck = new Option<bool>("--stuck")
        {
            Description = "All whose workers were not heard of until their leases ran out.",
        };
        var trainId = TrainId();
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say which, and change nothing." };
        var command = new Verb("retry", "Have analyses tried again, with their retries reset.")
        {
            ids,
            failed,
            stuck,
            trainId,
            dryRun,
        };
        command.Validators.Add(result =>
        {
            var isNamed = result.GetResult(ids) is { Tokens.Count: > 0 };
            if (isNamed == (result.GetValue(failed) || result.GetValue(stuck)))
            {
                result.AddError("retry takes either numbers of analyses, or --failed, --stuck or both.");
            }
            else if (isNamed && result.GetResult(trainId) is not null)
            {
                result.AddError("--train-id goes with --failed and --stuck.");
            }
        });
        command.Examples =
        [
            ("analyses retry 4711 4712", "These two."),
            ("analyses retry --stuck", "What dead workers left, with the retries that it cost reset."),
            ("analyses retry --failed --train-id rail-club --dry-run", "What of a train would be tried again."),
        ];
        command.SetAction((result, cancellationToken) => RetryAsync(
            host, result.GetValue(options.Connection),
            new(
                [.. (result.GetValue(ids) ?? []).Select(Id)], result.GetValue(failed), result.GetValue(stuck),
                result.GetValue(trainId), result.GetValue(dryRun), result.GetValue(options.Json)),
            cancellationToken));
        return command;
    }

    private static Verb CreateStuck(GlobalOptions options, ToolHost host)
    {
        var (trainId, limit) = (TrainId(), Limit());
        var command = new Verb("stuck", "List analyses whose workers were not heard of until their leases ran out.")
        {
            trainId,
            limit,
        };
        command.Examples =
        [
            ("analyses stuck", "Exit code 0: there is none; 1: there are some."),
        ];
        command.SetAction(async (result, cancellationToken) =>
        {
            var found = await ListAsync(
                host, result.GetValue(options.Connection), new() { StuckOnly = true, TrainId = result.GetValue(trainId) },
                before: null, result.GetValue(limit), result.GetValue(options.Json), cancellationToken);
            return found == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static Verb CreateCounts(GlobalOptions options, ToolHost host)
    {
        var trainId = TrainId();
        var command = new Verb("counts", "Count analyses by how far they are.")
        {
            trainId,
        };
        command.Examples =
        [
            ("analyses counts", "Those of all trains."),
            ("analyses counts --train-id rail-club --json", "Those of one, for a program."),
        ];
        command.SetAction((result, cancellationToken) => CountAsync(
            host, result.GetValue(options.Connection), result.GetValue(trainId), result.GetValue(options.Json),
            cancellationToken));
        return command;
    }

    private static async Task<int> ListAsync(
        ToolHost host, string? connection, AnalysisFilter filter, long? before, int limit, bool json,
        CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Own, cancellationToken);
        var analyses = await target.Get<AnalysisQueue>().ListAsync(filter, before, limit, cancellationToken);
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, Analyses = analyses });
        }
        else
        {
            await AnalysisWriter.WriteAsync(host, target, analyses, hasMore: analyses.Count == limit);
        }

        return analyses.Count;
    }

    private static async Task<int> ShowAsync(
        ToolHost host, string? connection, string which, string branch, bool json, CancellationToken cancellationToken)
    {
        var conversation = Guid.TryParse(which, out var parsed) ? parsed : default(Guid?);
        var id = conversation is null ? Id(which) : 0;
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Own, cancellationToken);
        var queue = target.Get<AnalysisQueue>();
        var found = conversation is { } guid
            ? await queue.FindAsync(guid, branch, cancellationToken)
            : await queue.FindAsync(id, cancellationToken);
        if (found is null)
        {
            throw new ToolException(
                ExitCode.CheckFailed,
                conversation is null
                    ? $"There is no analysis {id} in {target.Place}."
                    : $"There is no analysis of branch '{branch}' of conversation {conversation} in {target.Place}.");
        }

        if (json)
        {
            await AnalysisWriter.WriteJsonAsync(host, target, found);
        }
        else
        {
            await AnalysisWriter.WriteAsync(host, found);
        }

        return ExitCode.Done;
    }

    private static async Task<int> RetryAsync(
        ToolHost host, string? connection, RetryRun run, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Own, cancellationToken);
        var queue = target.Get<AnalysisQueue>();
        var audit = new AuditContext($"nexus-data {Guid.CreateVersion7()}")
        {
            UserContext = AnalysisWriter.UserContext(host),
        };
        var retries = new List<AnalysisRetry>();
        await foreach (var ids in SelectAsync(queue, run, cancellationToken))
        {
            retries.AddRange(
                !run.DryRun ? await queue.RetryAsync(ids, audit, cancellationToken)
                : run.Ids.Length > 0 ? await JudgeAsync(queue, ids, cancellationToken)
                : ids.Select(id => new AnalysisRetry(id, AnalysisRetryOutcome.Restarted)));
        }

        if (run.Json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, run.DryRun, Analyses = retries });
        }
        else
        {
            await AnalysisWriter.WriteAsync(host, target, retries, run.DryRun);
        }

        return retries.Exists(retry => retry.Outcome == AnalysisRetryOutcome.NotFound) ? ExitCode.CheckFailed : ExitCode.Done;
    }

    // Page by page: what was tried again is on no later page.
    private static async IAsyncEnumerable<IReadOnlyList<long>> SelectAsync(
        AnalysisQueue queue, RetryRun run,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (run.Ids.Length > 0)
        {
            yield return run.Ids;
        }

        var filters = new List<AnalysisFilter>();
        if (run.Failed)
        {
            filters.Add(new() { Status = ConversationAnalysisStatus.Failed, TrainId = run.TrainId });
        }

        if (run.Stuck)
        {
            filters.Add(new() { StuckOnly = true, TrainId = run.TrainId });
        }

        foreach (var filter in filters)
        {
            var before = default(long?);
            do
            {
                var page = await queue.ListAsync(filter, before, PageSize, cancellationToken);
                if (page.Count > 0)
                {
                    yield return [.. page.Select(analysis => analysis.Id)];
                }

                before = page.Count == PageSize ? page[^1].Id : null;
            }
            while (before is not null);
        }
    }

    private static async Task<IReadOnlyList<AnalysisRetry>> JudgeAsync(
        AnalysisQueue queue, IReadOnlyList<long> ids, CancellationToken cancellationToken)
    {
        var judged = new List<AnalysisRetry>();
        foreach (var id in ids)
        {
            judged.Add(new(id, (await queue.FindAsync(id, cancellationToken))?.Summary switch
            {
                null => AnalysisRetryOutcome.NotFound,
                { IsStuck: true } or { Status: ConversationAnalysisStatus.Failed } => AnalysisRetryOutcome.Restarted,
                _ => AnalysisRetryOutcome.NotNeeded,
            }));
        }

        return judged;
    }

    private static async Task<int> CountAsync(
        ToolHost host, string? connection, string? trainId, bool json, CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Own, cancellationToken);
        var counts = await target.Get<AnalysisQueue>().CountAsync(trainId, cancellationToken);
        if (json)
        {
            await JsonOutput.WriteAsync(host, new { Database = target.Place, TrainId = trainId, Counts = counts });
        }
        else
        {
            AnalysisWriter.Write(host, counts);
        }

        return ExitCode.Done;
    }

    private static Option<string?> TrainId() => new("--train-id") { Description = "Only those of this train.", HelpName = "SLUG" };

    private static Option<int> Limit()
    {
        var limit = new Option<int>("--limit")
        {
            Description = "How many at most, 1 to 1,000.",
            HelpName = "COUNT",
            DefaultValueFactory = _ => 20,
        };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var count) || count is < 1 or > 1_000))
            {
                result.AddError("--limit takes a number from 1 to 1000.");
            }
        });
        return limit;
    }

    private static ConversationAnalysisStatus? Status(string? word)
        => word is null ? null : Enum.Parse<ConversationAnalysisStatus>(word, ignoreCase: true);

    private static long Id(string text)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new ToolException(ExitCode.WrongUsage, $"'{text}' is no number of an analysis.");

    // Which analyses are to be tried again.
    private sealed record RetryRun(long[] Ids, bool Failed, bool Stuck, string? TrainId, bool DryRun, bool Json);
}
