namespace Nexus.Data.Conversations.Browsing;

/// <summary>A conversation whole, without bodies: its requests, and how they hang together.</summary>
/// <remarks>
/// The parent of a request is the one it goes on from, or whose answer opened its sub-task, as far as it is in the tree. Where
/// stored parents lead in a circle, which only other programs write, the earliest request of it counts as a root.
/// </remarks>
public sealed class ConversationTree
{
    private readonly Dictionary<Guid, ConversationNode> _requests;
    private readonly Dictionary<Guid, Guid> _parents;
    private readonly ILookup<Guid, ConversationNode> _children;
    private readonly Dictionary<string, ConversationNode> _ends = new(StringComparer.Ordinal);

    internal ConversationTree(Guid conversationId, IReadOnlyList<ConversationNode> requests, bool isCut)
    {
        ConversationId = conversationId;
        Requests = requests;
        IsCut = isCut;
        _requests = requests.ToDictionary(request => request.RequestId);
        _parents = FindParents();
        _children = requests.Where(request => _parents.ContainsKey(request.RequestId))
            .ToLookup(request => _parents[request.RequestId]);
        Roots = [.. requests.Where(request => !_parents.ContainsKey(request.RequestId))];
        Branches = BranchSums.Of(requests.Select(StatisticsOf));
        foreach (var request in requests)
        {
            _ends[request.BranchId] = request;
        }
    }

    /// <summary>The conversation.</summary>
    public Guid ConversationId { get; }

    /// <summary>Its requests by time; of several at one time, by their identifiers. At least one.</summary>
    public IReadOnlyList<ConversationNode> Requests { get; }

    /// <summary>Whether there are later requests, which are left out because there are more than
    /// <see cref="ConversationQueries.LargestTree"/>.</summary>
    public bool IsCut { get; }

    /// <summary>The requests without a parent, by time.</summary>
    public IReadOnlyList<ConversationNode> Roots { get; }

    /// <summary>The branches in figures, by the time of their first requests: of the requests that are here.</summary>
    public IReadOnlyList<BranchStatistics> Branches { get; }

    /// <summary>A request; null where it is not in the tree.</summary>
    /// <param name="requestId">The request.</param>
    public ConversationNode? Find(Guid requestId) => _requests.GetValueOrDefault(requestId);

    /// <summary>The parent of a request; null where it has none here.</summary>
    /// <param name="requestId">The request.</param>
    public ConversationNode? ParentOf(Guid requestId)
        => _parents.TryGetValue(requestId, out var parent) ? _requests[parent] : null;

    /// <summary>The requests whose parent this one is, by time; none where it is not in the tree.</summary>
    /// <param name="requestId">The parent.</param>
    public IReadOnlyList<ConversationNode> ChildrenOf(Guid requestId) => [.. _children[requestId]];

    /// <summary>
    /// The way to the latest request of a branch: from the root by all that lies between, on whichever branches. What was
    /// repeated, and what led elsewhere, is not on it.
    /// </summary>
    /// <param name="branchId">The branch; of an unknown one the way is empty.</param>
    public IReadOnlyList<ConversationNode> BranchPath(string branchId)
    {
        ArgumentNullException.ThrowIfNull(branchId);
        if (!_ends.TryGetValue(branchId, out var end))
        {
            return [];
        }

        var path = new List<ConversationNode>();
        for (var request = end; request is not null; request = ParentOf(request.RequestId))
        {
            path.Add(request);
        }

        path.Reverse();
        return path;
    }

    // What is stored, without what leads in a circle.
    private Dictionary<Guid, Guid> FindParents()
    {
        var parents = new Dictionary<Guid, Guid>();
        foreach (var request in Requests)
        {
            if ((request.ParentRequestId ?? request.ParentTaskRequestId) is { } parent && _requests.ContainsKey(parent))
            {
                parents[request.RequestId] = parent;
            }
        }

        var walked = new Dictionary<Guid, Guid>();
        foreach (var start in Requests)
        {
            var id = start.RequestId;
            while (walked.TryAdd(id, start.RequestId) && parents.TryGetValue(id, out var parent))
            {
                id = parent;
            }

            // The same walk passed here before: what it came back to is a circle.
            if (parents.ContainsKey(id) && walked[id] == start.RequestId)
            {
                parents.Remove(EarliestOfCircle(parents, id));
            }
        }

        return parents;
    }

    private Guid EarliestOfCircle(Dictionary<Guid, Guid> parents, Guid start)
    {
        var earliest = _requests[start];
        for (var id = parents[start]; id != start; id = parents[id])
        {
            var request = _requests[id];
            if ((request.Timestamp, request.RequestId).CompareTo((earliest.Timestamp, earliest.RequestId)) < 0)
            {
                earliest = request;
            }
        }

        return earliest.RequestId;
    }

    private static BranchStatistics StatisticsOf(ConversationNode request) => new()
    {
        BranchId = request.BranchId,
        RequestCount = 1,
        MessageCount = request.MessageCount ?? 0,
        InputTokens = request.InputTokens ?? 0,
        OutputTokens = request.OutputTokens ?? 0,
        CacheCreationInputTokens = request.CacheCreationInputTokens ?? 0,
        CacheReadInputTokens = request.CacheReadInputTokens ?? 0,
        FirstAt = request.Timestamp,
        LastAt = request.Timestamp,
        LatestRequestId = request.RequestId,
    };
}
