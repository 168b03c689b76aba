namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What a rebuild changed, or what it would change.</summary>
/// <param name="Executed">Whether it was written.</param>
/// <param name="Trains">Each train that was looked at, in the order of their names.</param>
public sealed record RebuildReport(bool Executed, IReadOnlyList<RebuiltTrain> Trains)
{
    /// <summary>Rows of requests that differ, in all trains.</summary>
    public long ChangedRequests => Enumerable.Sum(Trains, train => (long)train.Changes.Count);
}

/// <summary>One train before and after a rebuild.</summary>
public sealed record RebuiltTrain
{
    /// <summary>The train's slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>Requests that were read.</summary>
    public required long Requests { get; init; }

    /// <summary>Conversations, branches and orphans as they were stored.</summary>
    public required ConversationCounts Before { get; init; }

    /// <summary>Conversations, branches and orphans by the rules.</summary>
    public required ConversationCounts After { get; init; }

    /// <summary>Conversations that gather requests of several.</summary>
    public required long Merged { get; init; }

    /// <summary>Conversations whose requests part.</summary>
    public required long Split { get; init; }

    /// <summary>The rows of requests that differ, in the order of their times: exactly those that are written.</summary>
    public required IReadOnlyList<RequestChange> Changes { get; init; }

    /// <summary>Requests whose prompts, summary keys or waits differ, which are rows of other tables.</summary>
    public required long ChangedDetails { get; init; }

    /// <summary>The moves between conversations that take most requests along, the largest first; ten at most.</summary>
    public required IReadOnlyList<ConversationMove> LargestMoves { get; init; }
}

/// <summary>How a train's requests hang together.</summary>
/// <param name="Conversations">Distinct conversations.</param>
/// <param name="Branches">Distinct branches of conversations.</param>
/// <param name="Orphans">Requests with a history of which nothing is stored.</param>
public sealed record ConversationCounts(long Conversations, long Branches, long Orphans);

/// <summary>A request whose row differs.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="ConversationBefore">The conversation that is stored; null where there is none.</param>
/// <param name="ConversationId">The conversation by the rules; null where the request takes no part.</param>
/// <param name="BranchBefore">The branch that is stored; null where there is none.</param>
/// <param name="BranchId">The branch by the rules.</param>
public readonly record struct RequestChange(
    Guid RequestId, Guid? ConversationBefore, Guid? ConversationId, string? BranchBefore, string BranchId);

/// <summary>Requests that go from one conversation to another together.</summary>
/// <param name="From">The conversation that is stored; null where there is none.</param>
/// <param name="To">The conversation by the rules; null where they take no part.</param>
/// <param name="Requests">How many.</param>
public sealed record ConversationMove(Guid? From, Guid? To, long Requests);
