using Nexus.Data.Conversations.Rebuilding;
using Spectre.Console;

namespace Nexus.Data.Tool;

/// <summary>Writes what a rebuild changed, or would change, for people.</summary>
internal static class RebuildReportWriter
{
    private const int MostMoves = 20;

    public static async Task WriteAsync(ToolHost host, RebuildReport report)
    {
        var table = new Table().Border(host.IsTerminal ? TableBorder.Rounded : TableBorder.None);
        table.AddColumn("train");
        foreach (var name in (ReadOnlySpan<string>)
            ["requests", "conversations", "branches", "orphans", "merged", "split", "changed rows"])
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var train in report.Trains)
        {
            table.AddRow(
            [
                train.TrainId.EscapeMarkup(), $"{train.Requests:N0}",
                Step(train.Before.Conversations, train.After.Conversations),
                Step(train.Before.Branches, train.After.Branches), Step(train.Before.Orphans, train.After.Orphans),
                $"{train.Merged:N0}", $"{train.Split:N0}", $"{train.Changes.Count:N0}",
            ]);
        }

        host.CreateConsole().Write(table);
        foreach (var move in report.Trains.SelectMany(train => train.LargestMoves)
                     .OrderByDescending(move => move.Requests).Take(MostMoves))
        {
            await host.Output.WriteLineAsync($"{move.Requests:N0} requests from {Name(move.From)} to {Name(move.To)}");
        }
    }

    private static string Step(long before, long after)
        => before == after ? $"{after:N0}" : $"{before:N0} -> {after:N0}";

    private static string Name(Guid? conversation) => conversation is { } id ? $"conversation {id}" : "none";
}
