namespace Nexus.Data.Conversations.Browsing;

/// <summary>A branch of a conversation in figures. Tokens that nobody counted are 0.</summary>
public sealed record BranchStatistics
{
    /// <summary>Its name, unique in the conversation.</summary>
    public required string BranchId { get; init; }

    /// <summary>What it is.</summary>
    public BranchKind Kind => BranchKinds.Of(BranchId);

    /// <summary>Requests on it, failed and repeated ones among them.</summary>
    public required int RequestCount { get; init; }

    /// <summary>The most messages that one of its requests has.</summary>
    public required int MessageCount { get; init; }

    /// <summary>Tokens read, without those from or for the cache.</summary>
    public required long InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Tokens that were put into the cache.</summary>
    public required long CacheCreationInputTokens { get; init; }

    /// <summary>Tokens that came from the cache.</summary>
    public required long CacheReadInputTokens { get; init; }

    /// <summary>The time of its first request, in UTC.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>The time of its latest request, in UTC.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>Its latest request; of several at one time, the one with the greatest identifier.</summary>
    public required Guid LatestRequestId { get; init; }
}
