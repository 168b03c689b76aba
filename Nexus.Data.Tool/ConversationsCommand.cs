using System.CommandLine;
using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data conversations</c>: the latest conversations, page by page.</summary>
internal static class ConversationsCommand
{
    private const int LongestModels = 60;

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var trainId = new Option<string?>("--train-id") { Description = "Only those of this train.", HelpName = "SLUG" };
        var account = new Option<string?>("--account")
        {
            Description = "Only those with requests of this account; '' for requests without one.",
            HelpName = "ACCOUNT",
        };
        var model = new Option<string?>("--model")
        {
            Description = "Only those with requests to this model; '' for requests without one.",
            HelpName = "MODEL",
        };
        var from = TimeOption.Create("--from", "The earliest time of the latest request.");
        var to = TimeOption.Create("--to", "The time that the latest request comes before.");
        var subtasks = Flag("--subtasks", "Only those with sub-tasks; with false only those without.");
        var forks = Flag("--forks", "Only those with forks; with false only those without.");
        var text = new Option<string?>("--text")
        {
            Description = "Only those in which all these words are said: \"in quotes\" in a row, 'or' for either, '-' before one for none.",
            HelpName = "WORDS",
        };
        var limit = UsageOptions.Number("--limit", "How many", 20, ConversationQueries.LongestPage);
        var cursor = new Option<string?>("--cursor")
        {
            Description = "Where the page before ended, as it said.",
            HelpName = "CURSOR",
        };
        var command = new Verb("conversations", "List conversations, the one with the latest request first.")
        {
            trainId, account, model, from, to, subtasks, forks, text, limit, cursor,
        };
        command.Examples =
        [
            ("conversations", "The latest twenty."),
            ("conversations --train-id rail-club --subtasks --from 2025-09-01", "Those of a train with sub-tasks, since a day."),
            ("conversations --text 'deadlock -test'", "Those that speak of deadlocks, and not of tests."),
            ("conversations --limit 500 --json", "For a program: 'next' is the cursor of the next page."),
        ];
        command.SetWork(options, host, async (run, cancellationToken) =>
        {
            var filter = new ConversationFilter
            {
                TrainId = run.Result.GetValue(trainId),
                AccountId = run.Result.GetValue(account),
                Model = run.Result.GetValue(model),
                From = run.Result.GetValue(from),
                To = run.Result.GetValue(to),
                HasSubtasks = run.Result.GetValue(subtasks),
                HasForks = run.Result.GetValue(forks),
                Text = run.Result.GetValue(text),
            };
            var page = await run.Get<ConversationQueries>().ListAsync(
                filter, run.Result.GetValue(cursor), run.Result.GetValue(limit), cancellationToken);
            await WriteAsync(run, page);
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<bool?> Flag(string name, string description)
        => new(name) { Description = description, HelpName = "true|false" };

    private static async Task WriteAsync(VerbRun run, Page<ConversationOverview> page)
    {
        if (run.IsJson)
        {
            await run.WriteJsonAsync(new { Database = run.Target.Place, Conversations = page.Items, page.Next });
            return;
        }

        await run.ListAsync(
            "conversations", page.Items, $"There is none in {run.Target.Place}.",
            [
                "conversation", "train", "latest", new("requests", IsNumber: true), new("failed", IsNumber: true), new("tokens", IsNumber: true),
                "branches", "models",
            ],
            conversation =>
            [
                $"{conversation.ConversationId}", conversation.TrainId, conversation.LastAt.Text(), $"{conversation.RequestCount:N0}",
                new($"{conversation.FailedCount:N0}", conversation.FailedCount > 0 ? "red" : null), $"{Tokens(conversation):N0}",
                Branches(conversation), TerminalText.Line(string.Join(", ", conversation.Models), LongestModels),
            ]);
        if (page.Next is { } next)
        {
            await run.Host.Output.WriteLineAsync($"There are more: the same with --cursor {next}");
        }
    }

    private static long Tokens(ConversationOverview conversation)
        => conversation.InputTokens + conversation.OutputTokens + conversation.CacheCreationInputTokens
            + conversation.CacheReadInputTokens;

    private static string Branches(ConversationOverview conversation)
    {
        var kinds = new[]
        {
            Count(conversation.ForkCount, "fork"), Count(conversation.SubtaskCount, "sub-task"),
            Count(conversation.ContinuationCount, "continuation"),
        };
        var words = string.Join(", ", kinds.OfType<string>());
        return words.Length == 0 ? $"{conversation.Branches.Count:N0}" : $"{conversation.Branches.Count:N0}: {words}";
    }

    private static string? Count(int count, string of) => count == 0 ? null : RequestText.Count(count, of);
}
