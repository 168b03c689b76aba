using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Nexus.Data.Analyses;

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
        status.AcceptOnlyFromAmong(JsonOutput.Words<ConversationAnalysisStatus>());
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
        command.SetWork(options, host, async (run, cancellationToken) =>
        {
            var word = run.Result.GetValue(status);
            await ListAsync(
                run,
                new()
                {
                    Status = word is null ? null : JsonOutput.Value<ConversationAnalysisStatus>(word),
                    TrainId = run.Result.GetValue(trainId),
                },
                run.Result.GetValue(before), run.Result.GetValue(limit), cancellationToken);
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
        command.Validators.Add(result =>
        {
            if (result.GetValue(which) is { } text && !Guid.TryParse(text, out _))
            {
                CheckId(result, text);
            }
        });
        command.SetWork(options, host, (run, cancellationToken) => ShowAsync(
            run, run.Result.GetRequiredValue(which), run.Result.GetRequiredValue(branch), cancellationToken));
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
        var command = new Verb("retry", "Have analyses tried again, with their retries reset.")
        {
            ids,
            failed,
            stuck,
            trainId,
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

            foreach (var text in result.GetValue(ids) ?? [])
            {
                CheckId(result, text);
            }
        });
        command.Examples =
        [
            ("analyses retry 4711 4712", "These two."),
            ("analyses retry --stuck", "What dead workers left, with the retries that it cost reset."),
            ("analyses retry --failed --train-id rail-club --dry-run", "What of a train would be tried again."),
        ];
        command.SetChange(options, host, (run, cancellationToken) => RetryAsync(
            run, [.. (run.Result.GetValue(ids) ?? []).Select(Id)],
            Filters(run.Result.GetValue(failed), run.Result.GetValue(stuck), run.Result.GetValue(trainId)), cancellationToken));
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
        command.SetWork(options, host, async (run, cancellationToken) =>
        {
            var found = await ListAsync(
                run, new() { StuckOnly = true, TrainId = run.Result.GetValue(trainId) }, before: null,
                run.Result.GetValue(limit), cancellationToken);
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
        command.SetWork(options, host, (run, cancellationToken) => CountAsync(
            run, run.Result.GetValue(trainId), cancellationToken));
        return command;
    }

    private static async Task<int> ListAsync(
        VerbRun run, AnalysisFilter filter, long? before, int limit, CancellationToken cancellationToken)
    {
        var analyses = await run.Get<AnalysisQueue>().ListAsync(filter, before, limit, cancellationToken);
        await AnalysisWriter.WriteAsync(run, analyses, hasMore: analyses.Count == limit);
        return analyses.Count;
    }

    private static async Task<int> ShowAsync(
        VerbRun run, string which, string branch, CancellationToken cancellationToken)
    {
        var queue = run.Get<AnalysisQueue>();
        var conversation = Guid.TryParse(which, out var parsed) ? parsed : default(Guid?);
        var found = conversation is { } guid
            ? await queue.FindAsync(guid, branch, cancellationToken)
            : await queue.FindAsync(Id(which), cancellationToken);
        return found is not null
            ? await AnalysisWriter.WriteAsync(run, found)
            : throw new ToolException(
                ExitCode.CheckFailed,
                conversation is null
                    ? $"There is no analysis {which} in {run.Target.Place}."
                    : $"There is no analysis of branch '{branch}' of conversation {conversation} in {run.Target.Place}.");
    }

    private static async Task<int> RetryAsync(
        VerbRun run, IReadOnlyList<long> ids, IReadOnlyList<AnalysisFilter> filters, CancellationToken cancellationToken)
    {
        var queue = run.Get<AnalysisQueue>();
        var audit = new AuditContext($"nexus-data {Guid.CreateVersion7()}")
        {
            UserContext = JsonSerializer.Serialize(new { program = "nexus-data", user = run.Host.User }),
        };
        var retries = new List<AnalysisRetry>();
        await foreach (var page in SelectAsync(queue, ids, filters, cancellationToken))
        {
            retries.AddRange(await run.ChangeAsync(
                (db, token) => queue.In(db).RetryAsync(page, audit, token), cancellationToken));
        }

        await AnalysisWriter.WriteAsync(run, retries);
        return retries.Exists(retry => retry.Outcome == AnalysisRetryOutcome.NotFound) ? ExitCode.CheckFailed : ExitCode.Done;
    }

    private static List<AnalysisFilter> Filters(bool failed, bool stuck, string? trainId)
    {
        var filters = new List<AnalysisFilter>();
        if (failed)
        {
            filters.Add(new() { Status = ConversationAnalysisStatus.Failed, TrainId = trainId });
        }

        if (stuck)
        {
            filters.Add(new() { StuckOnly = true, TrainId = trainId });
        }

        return filters;
    }

    // Page by page: what was tried again is on no later page.
    private static async IAsyncEnumerable<IReadOnlyList<long>> SelectAsync(
        AnalysisQueue queue, IReadOnlyList<long> ids, IReadOnlyList<AnalysisFilter> filters,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (ids.Count > 0)
        {
            yield return ids;
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

    private static async Task<int> CountAsync(VerbRun run, string? trainId, CancellationToken cancellationToken)
    {
        await AnalysisWriter.WriteAsync(run, trainId, await run.Get<AnalysisQueue>().CountAsync(trainId, cancellationToken));
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

    private static void CheckId(CommandResult result, string text)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            result.AddError($"'{text}' is no number of an analysis.");
        }
    }

    private static long Id(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
