using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>The tree of a conversation: branches hold requests, and from requests other branches grow.</summary>
internal static class GraphTree
{
    // Deeper ones would have no room beside their indent.
    private const int DeepestBranch = 8;

    public static TreeLine Of(Guid conversationId, ConversationGraph graph)
    {
        var root = new TreeLine($"conversation {conversationId}", "bold");
        var requests = new TreeLine[graph.Requests.Count];
        var depths = new int[graph.Branches.Count];
        for (var index = 0; index < graph.Branches.Count; index++)
        {
            var branch = graph.Branches[index];
            var depth = branch.Origin is { } from ? depths[graph.BranchOf(from)] + 1 : 0;
            var isLifted = depth > DeepestBranch;
            depths[index] = isLifted ? 0 : depth;
            var line = (branch.Origin is { } origin && !isLifted ? requests[origin] : root)
                .Add(new(Title(graph, branch, isLifted), Colour(branch.Kind)));
            foreach (var request in branch.Requests)
            {
                requests[request] = line.Add(new(
                    Title(graph, graph.Requests[request]), graph.Requests[request].HasFailed ? "red" : null));
            }
        }

        return root;
    }

    private static string Title(ConversationGraph graph, ConversationNode request)
    {
        var words = new[]
        {
            RequestText.Link(request.LinkKind, request.LinkDistance),
            request.Model,
            RequestText.Tokens(request) is { } tokens ? $"{tokens:N0} tokens" : null,
            RequestText.Length(RequestText.Duration(request)),
            request.HasFailed ? $"failed: {RequestText.Failure(request)}" : null,
        };
        return $"{graph.Clock(request.Timestamp)} {string.Join(", ", words.Where(word => !string.IsNullOrEmpty(word)))}  {request.RequestId}";
    }

    private static string Title(ConversationGraph graph, GraphBranch branch, bool isLifted)
    {
        var figures = branch.Statistics;
        var tokens = figures.InputTokens + figures.OutputTokens + figures.CacheCreationInputTokens + figures.CacheReadInputTokens;
        var from = isLifted ? $", from {graph.Requests[branch.Origin!.Value].RequestId}" : "";
        return $"{branch.Name} ({RequestKinds.Of(branch.Kind).Word()}{from}: {RequestText.Count(figures.RequestCount, "request")}, {tokens:N0} tokens)";
    }

    private static string Colour(BranchKind kind) => kind switch
    {
        BranchKind.Main => "green",
        BranchKind.Subtask => "yellow",
        BranchKind.Continuation => "magenta",
        _ => "blue",
    };
}
