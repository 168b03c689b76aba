using Nexus.Data.Conversations;

namespace Nexus.Data.Tool;

/// <summary>The tree of a conversation with what its people said.</summary>
internal static class OutlineTree
{
    public static TreeLine Of(ConversationOutline conversation)
    {
        var root = new TreeLine(Title(conversation), "bold");
        AddBranches(root, conversation.Branches);
        return root;
    }

    private static void AddBranches(TreeLine parent, IEnumerable<OutlinedBranch> branches)
    {
        foreach (var branch in branches)
        {
            var line = parent.Add(new(Title(branch), Colour(branch)));
            foreach (var request in branch.Requests)
            {
                AddBranches(line.Add(new(Title(request))), request.Branches);
            }
        }
    }

    private static string Colour(OutlinedBranch branch)
        => branch.IsSubtask ? "yellow" : branch.Name == "main" ? "green" : "blue";

    private static string Title(ConversationOutline conversation)
        => $"conversation {conversation.ConversationId} of {conversation.TrainId}, "
           + $"{conversation.AllRequests.Sum(request => request.Tokens):N0} tokens";

    private static string Title(OutlinedBranch branch)
        => $"{branch.Name} ({branch.Requests.Sum(request => request.Tokens):N0} tokens)";

    private static string Title(OutlinedRequest request)
    {
        var failed = request.HasFailed ? ", failed" : "";
        var words = request.Words is null ? "" : $" “{request.Words}”";
        return $"{request.Timestamp:HH:mm:ss} {RequestText.Link(request.LinkKind, request.LinkDistance)}{failed}, "
            + $"{request.Tokens:N0} tokens{words}";
    }
}
