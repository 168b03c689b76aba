using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>A conversation as a tree: branches hold requests, and from requests other branches grow.</summary>
/// <param name="ConversationId">The conversation.</param>
/// <param name="TrainId">Its train.</param>
/// <param name="Branches">The branches that grow from none of its requests: <c>main</c>, as a rule.</param>
public sealed record ConversationOutline(Guid ConversationId, string TrainId, IReadOnlyList<OutlinedBranch> Branches)
{
    /// <summary>All its branches, each before those that grow from it.</summary>
    public IEnumerable<OutlinedBranch> AllBranches => Branches.SelectMany(branch => branch.WithAllBelow());

    /// <summary>All its requests, branch by branch.</summary>
    public IEnumerable<OutlinedRequest> AllRequests => AllBranches.SelectMany(branch => branch.Requests);

    /// <summary>Builds the trees of linked requests, the conversation with the earliest request first.</summary>
    internal static IReadOnlyList<ConversationOutline> Of(IReadOnlyCollection<ApiRequest> requests)
        => [.. requests.Where(request => request.ConversationId is not null)
            .OrderBy(request => request.Timestamp).ThenBy(request => request.MessageCount)
            .ThenBy(request => request.RequestId)
            .GroupBy(request => request.ConversationId!.Value)
            .Select(conversation => Of(conversation.Key, [.. conversation]))];

    private static ConversationOutline Of(Guid id, List<ApiRequest> requests)
    {
        var outlined = requests.ToDictionary(request => request.RequestId, OutlinedRequest.Of);
        var top = new List<OutlinedBranch>();
        foreach (var branch in requests.GroupBy(request => request.BranchId ?? ApiRequest.MainBranch))
        {
            var first = branch.First();
            var node = new OutlinedBranch(branch.Key, [.. branch.Select(request => outlined[request.RequestId])]);
            var from = first.ParentRequestId ?? first.ParentTaskRequestId;

            // A branch that began before what it grows from could lead back to itself.
            if (from is { } parent && outlined.TryGetValue(parent, out var fork) && fork.BranchId != branch.Key
                && fork.Timestamp <= first.Timestamp)
            {
                fork.Add(node);
            }
            else
            {
                top.Add(node);
            }
        }

        return new(id, requests[0].TrainId, top);
    }
}

/// <summary>A branch of a conversation.</summary>
/// <param name="Name">Its name, unique in the conversation.</param>
/// <param name="Requests">Its requests, by time; at least one.</param>
public sealed record OutlinedBranch(string Name, IReadOnlyList<OutlinedRequest> Requests)
{
    /// <summary>Whether it is a sub-task's.</summary>
    public bool IsSubtask => Requests[0].IsSubtask;

    internal IEnumerable<OutlinedBranch> WithAllBelow()
        => Requests.SelectMany(request => request.Branches).SelectMany(branch => branch.WithAllBelow()).Prepend(this);
}

/// <summary>A request in the tree of its conversation.</summary>
public sealed record OutlinedRequest
{
    private readonly List<OutlinedBranch> _branches = [];

    /// <summary>The request.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>When the proxy received it, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Its branch.</summary>
    public required string BranchId { get; init; }

    /// <summary>How it was linked.</summary>
    public LinkKind? LinkKind { get; init; }

    /// <summary>Answers between the parent and this request, at least 1; null without a parent by messages.</summary>
    public int? LinkDistance { get; init; }

    /// <summary>Whether it belongs to a sub-task.</summary>
    public bool IsSubtask { get; init; }

    /// <summary>Whether the call failed.</summary>
    public bool HasFailed { get; init; }

    /// <summary>Tokens of all four kinds; 0 where nobody counted.</summary>
    public long Tokens { get; init; }

    /// <summary>What the user said last, in one line of at most 60 characters; null where no text is found.</summary>
    public string? Words { get; init; }

    /// <summary>The branches that grow from this request, by time.</summary>
    public IReadOnlyList<OutlinedBranch> Branches => _branches;

    internal static OutlinedRequest Of(ApiRequest request) => new()
    {
        RequestId = request.RequestId,
        Timestamp = request.Timestamp,
        BranchId = request.BranchId ?? ApiRequest.MainBranch,
        LinkKind = request.LinkKind,
        LinkDistance = request.LinkDistance,
        IsSubtask = request.IsSubtask is true,
        HasFailed = request.HasFailed,
        Tokens = (long)(request.InputTokens ?? 0) + (request.OutputTokens ?? 0)
            + (request.CacheCreationInputTokens ?? 0) + (request.CacheReadInputTokens ?? 0),
        Words = LastWords.Of(request.GetBody()),
    };

    internal void Add(OutlinedBranch branch) => _branches.Add(branch);
}
