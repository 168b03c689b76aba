namespace Nexus.Data.Conversations;

/// <summary>Why a request stands where it stands.</summary>
public sealed record LinkExplanation
{
    /// <summary>The request.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Its train.</summary>
    public required string TrainId { get; init; }

    /// <summary>One to three sentences for people.</summary>
    public required string Text { get; init; }

    /// <summary>What became of it; null where nobody has linked it yet.</summary>
    public LinkOutcome? Outcome { get; init; }

    /// <summary>How it was linked; null where it was not, or by another program.</summary>
    public LinkKind? Kind { get; init; }

    /// <summary>Its conversation; null where it has none.</summary>
    public Guid? ConversationId { get; init; }

    /// <summary>Its branch; null where it has no conversation.</summary>
    public string? BranchId { get; init; }

    /// <summary>The request that it goes on from; null where there is none.</summary>
    public Guid? ParentRequestId { get; init; }

    /// <summary>Answers between the parent and this request, at least 1; null where there is no parent by messages.</summary>
    public int? Distance { get; init; }

    /// <summary>Requests that could have been the parent, counted to 100; null where none was looked for.</summary>
    public int? Candidates { get; init; }

    /// <summary>The request that it repeats; null where it is no retry.</summary>
    public Guid? RetryOfRequestId { get; init; }

    /// <summary>The request that kept the parent's branch, where this one forks from it; null elsewhere.</summary>
    public Guid? BranchTakenBy { get; init; }

    /// <summary>Tool uses with this opening's text that had their sub-tasks already; 0 where it is no such opening.</summary>
    public int TakenPrompts { get; init; }

    /// <summary>Why it waits to be linked; null where it does not.</summary>
    public string? UnlinkedBecause { get; init; }
}
