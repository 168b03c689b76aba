using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>A request that another may hang on, as the database or the tracker has it.</summary>
internal sealed record LinkCandidate
{
    public required Guid RequestId { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public Guid? ConversationId { get; init; }

    public string BranchId { get; init; } = ApiRequest.MainBranch;

    public Guid? ParentRequestId { get; init; }

    public Guid? ParentTaskRequestId { get; init; }

    public bool IsSubtask { get; init; }

    public int? LinkDistance { get; init; }

    public Guid? RetryOfRequestId { get; init; }

    public LinkKind? LinkKind { get; init; }

    public string? CurrentMessageHash { get; init; }

    public byte[]? AnswerHash { get; init; }

    /// <summary>Whether its system prompt is the subject's, but for volatile parts.</summary>
    public bool HasSameSystem { get; init; }

    /// <summary>Which of the subject's beginnings its messages are, from 1 for the longest; 0 where it is none.</summary>
    public int Prefix { get; init; }

    /// <summary>How many have these messages, counted to 100.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Whether another request goes on from it, or from a retry of it, on its branch.</summary>
    public bool IsBranchTaken { get; init; }

    public static LinkCandidate Of(ApiRequest request) => new()
    {
        RequestId = request.RequestId,
        Timestamp = request.Timestamp,
        ConversationId = request.ConversationId,
        BranchId = request.BranchId ?? ApiRequest.MainBranch,
        ParentRequestId = request.ParentRequestId,
        ParentTaskRequestId = request.ParentTaskRequestId,
        IsSubtask = request.IsSubtask is true,
        LinkDistance = request.LinkDistance,
        RetryOfRequestId = request.RetryOfRequestId,
        LinkKind = request.LinkKind,
        CurrentMessageHash = request.CurrentMessageHash,
        AnswerHash = request.AnswerHash,
    };
}
