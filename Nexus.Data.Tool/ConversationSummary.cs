using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>A conversation in figures. Tokens that nobody counted are 0.</summary>
internal sealed record ConversationSummary(
    IReadOnlyList<string> Trains, int Requests, int Failed, int Retries, int SubtaskRequests, int Branches,
    DateTimeOffset FirstAt, DateTimeOffset LastAt, long InputTokens, long OutputTokens, long CacheCreationInputTokens,
    long CacheReadInputTokens, long ToolCalls, IReadOnlyList<string> Models, IReadOnlyList<string> Accounts)
{
    public static ConversationSummary Of(ConversationTree tree)
    {
        var requests = tree.Requests;
        return new(
            Names(requests.Select(request => request.TrainId)),
            requests.Count, requests.Count(request => request.HasFailed),
            requests.Count(request => request.RetryOfRequestId is not null), requests.Count(request => request.IsSubtask),
            tree.Branches.Count, requests[0].Timestamp, requests[^1].Timestamp,
            requests.Sum(request => (long)(request.InputTokens ?? 0)), requests.Sum(request => (long)(request.OutputTokens ?? 0)),
            requests.Sum(request => (long)(request.CacheCreationInputTokens ?? 0)),
            requests.Sum(request => (long)(request.CacheReadInputTokens ?? 0)),
            requests.Sum(request => (long)(request.ToolCallCount ?? 0)),
            Names(requests.Select(request => request.Model)), Names(requests.Select(request => request.AccountId)));
    }

    /// <summary>The figures in words, as terminal and page show them.</summary>
    public IReadOnlyList<(string Name, string? Value)> Lines() =>
    [
        ("train", string.Join(", ", Trains)),
        ("time", $"{FirstAt.Text()} to {LastAt.Text()}, {RequestText.Length(LastAt - FirstAt)}"),
        ("requests", $"{Requests:N0}: {Failed:N0} failed, {Retries:N0} retries, {SubtaskRequests:N0} of sub-tasks"),
        ("branches", $"{Branches:N0}"),
        ("tokens", $"{InputTokens:N0} input, {OutputTokens:N0} output, {CacheCreationInputTokens:N0} into the cache, "
            + $"{CacheReadInputTokens:N0} from it"),
        ("tool calls", $"{ToolCalls:N0}"),
        ("models", string.Join(", ", Models)),
        ("accounts", string.Join(", ", Accounts)),
    ];

    private static string[] Names(IEnumerable<string?> names)
        => [.. names.OfType<string>().Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal)];
}
