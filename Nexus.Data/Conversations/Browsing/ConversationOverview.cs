namespace Nexus.Data.Conversations.Browsing;

/// <summary>A conversation of a train as lists show it: all of it in figures, whatever the list was filtered by.</summary>
/// <remarks>Tokens that nobody counted are 0. A conversation that requests of several trains are in is listed once for each.
/// </remarks>
public sealed record ConversationOverview
{
    /// <summary>The train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>The conversation.</summary>
    public required Guid ConversationId { get; init; }

    /// <summary>The time of its first request, in UTC.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>The time of its latest request, in UTC.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>The time that the list is ordered by: of the latest request, or of the latest of the account and model that
    /// the list was filtered by.</summary>
    public required DateTimeOffset OrderedAt { get; init; }

    /// <summary>Requests in it, of all kinds.</summary>
    public required int RequestCount { get; init; }

    /// <summary>Those that failed: a status outside of 2xx, or an error.</summary>
    public required int FailedCount { get; init; }

    /// <summary>Those that repeat another.</summary>
    public required int RetryCount { get; init; }

    /// <summary>Those of sub-tasks.</summary>
    public required int SubtaskRequestCount { get; init; }

    /// <summary>Tokens read, without those from or for the cache.</summary>
    public required long InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Tokens that were put into the cache.</summary>
    public required long CacheCreationInputTokens { get; init; }

    /// <summary>Tokens that came from the cache.</summary>
    public required long CacheReadInputTokens { get; init; }

    /// <summary>Tool uses in the answers.</summary>
    public required long ToolCallCount { get; init; }

    /// <summary>The models that its requests name, each once, sorted.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>The accounts that paid, each once, sorted; those that are unknown are not among them.</summary>
    public required IReadOnlyList<string> Accounts { get; init; }

    /// <summary>Its branches by the time of their first requests; at least one.</summary>
    public required IReadOnlyList<BranchStatistics> Branches { get; init; }

    /// <summary>Branches that are forks.</summary>
    public int ForkCount => Branches.Count(branch => branch.Kind == BranchKind.Fork);

    /// <summary>Branches that are sub-tasks'.</summary>
    public int SubtaskCount => Branches.Count(branch => branch.Kind == BranchKind.Subtask);

    /// <summary>Branches that go on from a summary.</summary>
    public int ContinuationCount => Branches.Count(branch => branch.Kind == BranchKind.Continuation);

    /// <summary>Its latest request; of several at one time, the one with the greatest identifier.</summary>
    public required Guid LatestRequestId { get; init; }

    /// <summary>The model that the latest request names; null where it names none.</summary>
    public required string? LatestModel { get; init; }

    /// <summary>Tokens that the latest request's model read, those from and for the cache included; null where nobody counted
    /// them.</summary>
    public required long? LatestContextTokens { get; init; }
}
