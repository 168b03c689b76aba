using Nexus.Data.Conversations.Rebuilding;

namespace Nexus.Data.Conversations;

/// <summary>What is stored of conversations, in numbers, and what a rebuild would change of it.</summary>
/// <param name="Trains">One row a train, by its slug.</param>
/// <param name="Total">The sums; depth and fan-out are the largest.</param>
/// <param name="Rebuild">A dry run of a rebuild, which names the very rows that it would write; null where none was asked
/// for.</param>
public sealed record ConversationReport(
    IReadOnlyList<TrainConversations> Trains, TrainConversations Total, RebuildReport? Rebuild);

/// <summary>What is stored of a train's conversations, in numbers.</summary>
public sealed record TrainConversations
{
    /// <summary>The train; null for the sum of all.</summary>
    public string? TrainId { get; init; }

    /// <summary>All requests.</summary>
    public long Requests { get; init; }

    /// <summary>Requests with a link hash or a compatible hash.</summary>
    public long WithHashes { get; init; }

    /// <summary>Conversations.</summary>
    public long Conversations { get; init; }

    /// <summary>Branches of all conversations, their main branches included.</summary>
    public long Branches { get; init; }

    /// <summary>Chains: requests that go on from none, retries of them apart.</summary>
    public long Chains { get; init; }

    /// <summary>Requests from which more than one history goes on; a request and its retries count as one.</summary>
    public long BranchPoints { get; init; }

    /// <summary>Requests without a parent whose compatible parent hash no request of the train has.</summary>
    public long Orphans { get; init; }

    /// <summary>Branches of sub-tasks.</summary>
    public long Subtasks { get; init; }

    /// <summary>Branches that go on from a summary.</summary>
    public long Continuations { get; init; }

    /// <summary>Requests that repeat another.</summary>
    public long Retries { get; init; }

    /// <summary>Requests that wait to be linked.</summary>
    public long Deferred { get; init; }

    /// <summary>Requests in no conversation that do not wait: they take no part, or nobody has linked them.</summary>
    public long Unlinked { get; init; }

    /// <summary>Requests from the start of a chain to its end, in the longest one.</summary>
    public long LongestChain { get; init; }

    /// <summary>Requests that go on from the same one, at most; retries apart, sub-tasks included.</summary>
    public long LargestFanOut { get; init; }
}
