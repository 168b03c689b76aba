using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>Prints a conversation.</summary>
internal static class ConversationWriter
{
    public static async Task<int> WriteAsync(VerbRun run, ConversationTree tree)
    {
        var summary = ConversationSummary.Of(tree);
        if (run.IsJson)
        {
            await run.WriteJsonAsync(new
            {
                Database = run.Target.Place,
                tree.ConversationId,
                tree.IsCut,
                Totals = summary,
                tree.Branches,
                tree.Requests,
            });
            return ExitCode.Done;
        }

        var graph = new ConversationGraph(tree);
        TreeWriter.Write(run.Host, GraphTree.Of(tree.ConversationId, graph));
        await run.Host.Output.WriteLineAsync();
        TextTable.Write(
            run.Host,
            [
                "branch", "kind", new("requests", IsNumber: true), new("messages", IsNumber: true), new("input", IsNumber: true),
                new("output", IsNumber: true), new("into cache", IsNumber: true), new("from cache", IsNumber: true), "first", "latest",
            ],
            tree.Branches.Select(branch => (Cell[])
            [
                branch.BranchId, RequestKinds.Of(branch.Kind).Word(), $"{branch.RequestCount:N0}", $"{branch.MessageCount:N0}",
                $"{branch.InputTokens:N0}", $"{branch.OutputTokens:N0}", $"{branch.CacheCreationInputTokens:N0}",
                $"{branch.CacheReadInputTokens:N0}", branch.FirstAt.Text(), branch.LastAt.Text(),
            ]));
        await run.Host.Output.WriteLineAsync();
        await run.ShowAsync(summary, [.. summary.Lines()]);
        if (tree.IsCut)
        {
            await run.Host.Output.WriteLineAsync(
                $"It has more requests: these are the first {ConversationQueries.LargestTree:N0}.");
        }

        return ExitCode.Done;
    }
}
