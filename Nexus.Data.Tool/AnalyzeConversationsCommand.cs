using System.CommandLine;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Persistence;
using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary><c>nexus-data analyze-conversations</c>: conversations, chains and branches in numbers, by train.</summary>
internal static class AnalyzeConversationsCommand
{
    private static readonly (string Name, Func<TrainConversations, long> Value)[] _columns =
    [
        ("requests", train => train.Requests),
        ("hashed", train => train.WithHashes),
        ("conversations", train => train.Conversations),
        ("branches", train => train.Branches),
        ("chains", train => train.Chains),
        ("branch points", train => train.BranchPoints),
        ("orphans", train => train.Orphans),
        ("sub-tasks", train => train.Subtasks),
        ("continuations", train => train.Continuations),
        ("retries", train => train.Retries),
        ("deferred", train => train.Deferred),
        ("unlinked", train => train.Unlinked),
        ("longest chain", train => train.LongestChain),
        ("largest fan-out", train => train.LargestFanOut),
    ];

    public static Command Create(GlobalOptions options, ToolHost host)
    {
        var trainId = new Option<string?>("--train-id") { Description = "Only this train.", HelpName = "SLUG" };
        var countsOnly = new Option<bool>("--counts-only")
        {
            Description = "Do not ask what a rebuild would change, which reads all bodies whose hashes are not stored yet.",
        };
        var command = new Verb(
            "analyze-conversations",
            "Count conversations, chains and branches, and say what a rebuild would change. Reads only.")
        {
            trainId,
            countsOnly,
        };
        command.Examples =
        [
            ("analyze-conversations", "All trains, with their totals."),
            ("analyze-conversations --train-id rail-club --json",
                "One train, for a program, with the very rows that a rebuild would write."),
        ];
        command.SetAction((result, cancellationToken) => RunAsync(
            host, result.GetValue(options.Connection), result.GetValue(trainId), !result.GetValue(countsOnly),
            result.GetValue(options.Json), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(
        ToolHost host, string? connection, string? trainId, bool comparesWithRebuild, bool json,
        CancellationToken cancellationToken)
    {
        await using var target = await TargetDatabase.OpenReadyAsync(
            host, connection, ConnectionScope.Shared, cancellationToken);
        using var progress = new RebuildProgressWriter(host);
        var report = await target.Get<ConversationAnalyzer>().AnalyzeAsync(
            new() { TrainId = trainId, ComparesWithRebuild = comparesWithRebuild, Progress = progress }, cancellationToken);
        progress.Clear();
        if (trainId is not null && report.Trains.Count == 0)
        {
            throw new ToolException(
                ExitCode.CheckFailed, $"There is no request of train '{trainId}' in {target.Place}.");
        }

        if (json)
        {
            await JsonOutput.WriteAsync(host, report);
        }
        else
        {
            Write(host, report);
            if (report.Rebuild is { } rebuild)
            {
                await WriteAsync(host, rebuild);
            }
        }

        return ExitCode.Done;
    }

    private static async Task WriteAsync(ToolHost host, RebuildReport rebuild)
    {
        if (rebuild.ChangedRequests == 0)
        {
            await host.Output.WriteLineAsync("A rebuild would change nothing.");
            return;
        }

        await RebuildReportWriter.WriteAsync(host, rebuild);
        await host.Output.WriteLineAsync(
            $"A rebuild would change {rebuild.ChangedRequests:N0} requests: rebuild-conversations --execute");
    }

    // A train is a column while they are few: its numbers fit below each other on any terminal.
    private static void Write(ToolHost host, ConversationReport report)
    {
        var trains = report.Trains.Count == 1 ? report.Trains : [.. report.Trains, report.Total];
        if (trains.Count > 6)
        {
            WriteRows(host, trains);
            return;
        }

        var table = NewTable(host);
        table.AddColumn("");
        foreach (var train in trains)
        {
            table.AddColumn(new TableColumn((train.TrainId ?? "all").EscapeMarkup()).RightAligned());
        }

        foreach (var (name, value) in _columns)
        {
            table.AddRow([name, .. trains.Select(train => $"{value(train):N0}")]);
        }

        host.CreateConsole().Write(table);
    }

    private static void WriteRows(ToolHost host, IReadOnlyList<TrainConversations> trains)
    {
        var table = NewTable(host);
        table.AddColumn("train");
        foreach (var (name, _) in _columns)
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var train in trains)
        {
            table.AddRow(
            [
                (train.TrainId ?? "all").EscapeMarkup(), .. _columns.Select(column => $"{column.Value(train):N0}"),
            ]);
        }

        host.CreateConsole().Write(table);
    }

    private static Table NewTable(ToolHost host)
    {
        var table = new Table();
        return host.IsTerminal ? table.Border(TableBorder.Rounded) : table.Border(TableBorder.None);
    }
}
