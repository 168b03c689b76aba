namespace Nexus.Data.Tool.Pages;

/// <summary>What a request is told by when the pointer is on it.</summary>
internal static class RequestTooltip
{
    public static string Of(ConversationGraph graph, IReadOnlyList<int> requests)
        => requests.Count == 1
            ? Of(graph, requests[0])
            : $"{requests.Count:N0} requests of {graph.Branches[graph.BranchOf(requests[0])].Name}, "
              + $"{graph.Requests[requests[0]].Timestamp.Text()} to {graph.Requests[requests[^1]].Timestamp.Text()}";

    public static string Of(ConversationGraph graph, int number)
    {
        var request = graph.Requests[number];
        var lines = new[]
        {
            $"{PageLinks.Number(number)}. {request.Timestamp.Text()}, {request.BranchId}",
            RequestText.Link(request.LinkKind, request.LinkDistance),
            request.Model,
            RequestText.Tokens(request) is { } tokens
                ? $"{tokens:N0} tokens: {request.InputTokens ?? 0:N0} input, {request.OutputTokens ?? 0:N0} output, "
                    + $"{request.CacheCreationInputTokens ?? 0:N0} into the cache, {request.CacheReadInputTokens ?? 0:N0} from it"
                : null,
            RequestText.Length(RequestText.Duration(request)),
            RequestText.Failure(request) is { } failure ? $"failed: {failure}" : null,
        };
        return string.Join("\n", lines.Where(line => !string.IsNullOrEmpty(line)));
    }
}
