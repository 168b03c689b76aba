using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>A branch of a drawn conversation.</summary>
/// <param name="Statistics">Its figures.</param>
/// <param name="Requests">Its requests by their numbers; at least one.</param>
/// <param name="Origin">The request on another branch that it grows from, by its number; null where there is none.</param>
internal sealed record GraphBranch(BranchStatistics Statistics, IReadOnlyList<int> Requests, int? Origin)
{
    public string Name => Statistics.BranchId;

    public BranchKind Kind => Statistics.Kind;
}

/// <summary>A conversation by numbers: requests from 0 in the order of their times, branches in that of their first
/// requests.</summary>
internal sealed class ConversationGraph
{
    private readonly int?[] _parents;
    private readonly int?[] _retried;
    private readonly int[] _branches;
    private readonly int?[] _previous;

    public ConversationGraph(ConversationTree tree)
    {
        Requests = tree.Requests;
        var numbers = Requests.Select((request, number) => (request.RequestId, number))
            .ToDictionary(one => one.RequestId, one => one.number);
        _parents = [.. Requests.Select(request => tree.ParentOf(request.RequestId) is { } parent ? numbers[parent.RequestId] : default(int?))];
        _retried = [.. Requests.Select(request => request.RetryOfRequestId is { } id && id != request.RequestId
            && numbers.TryGetValue(id, out var number) ? number : default(int?))];
        (_branches, _previous) = (new int[Requests.Count], new int?[Requests.Count]);
        var statistics = tree.Branches.ToDictionary(branch => branch.BranchId, StringComparer.Ordinal);
        Branches = [.. Enumerable.Range(0, Requests.Count).GroupBy(number => Requests[number].BranchId, StringComparer.Ordinal)
            .Select((branch, index) => Branch(statistics[branch.Key], index, [.. branch]))];
    }

    public IReadOnlyList<ConversationNode> Requests { get; }

    public IReadOnlyList<GraphBranch> Branches { get; }

    /// <summary>A time of the conversation: with the day where there are several.</summary>
    public string Clock(DateTimeOffset time)
        => Requests[0].Timestamp.UtcDateTime.Date == Requests[^1].Timestamp.UtcDateTime.Date
            ? $"{time.UtcDateTime:HH:mm:ss}"
            : $"{time.UtcDateTime:MM-dd HH:mm:ss}";

    /// <summary>The parent; null for none.</summary>
    public int? ParentOf(int request) => _parents[request];

    /// <summary>The request that this one repeats; null for none.</summary>
    public int? RetryOf(int request) => _retried[request];

    public int BranchOf(int request) => _branches[request];

    /// <summary>The request before it on its branch; null for the first.</summary>
    public int? PreviousOf(int request) => _previous[request];

    private GraphBranch Branch(BranchStatistics statistics, int index, List<int> requests)
    {
        var previous = default(int?);
        foreach (var request in requests)
        {
            (_branches[request], _previous[request]) = (index, previous);
            previous = request;
        }

        // What comes later is no origin: branches could grow from each other in a circle.
        var origin = _parents[requests[0]] is { } parent && parent < requests[0] ? parent : default(int?);
        return new(statistics, requests, origin);
    }
}
