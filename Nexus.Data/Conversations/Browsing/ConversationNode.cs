using System.Data.Common;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>A request as it stands in its conversation, without its bodies. What nobody measured is null.</summary>
public sealed record ConversationNode
{
    /// <summary>The request.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Its train, by its slug.</summary>
    public required string TrainId { get; init; }

    /// <summary>The request that it goes on from, or whose answer opened its sub-task; null for the first of a conversation.
    /// </summary>
    public Guid? ParentRequestId { get; init; }

    /// <summary>The first request that it repeats; null where it is no retry.</summary>
    public Guid? RetryOfRequestId { get; init; }

    /// <summary>The request whose answer started the sub-task that it belongs to; null outside of sub-tasks.</summary>
    public Guid? ParentTaskRequestId { get; init; }

    /// <summary>Its branch.</summary>
    public required string BranchId { get; init; }

    /// <summary>What its branch is.</summary>
    public BranchKind BranchKind => BranchKinds.Of(BranchId);

    /// <summary>How it was linked; null where it is not, or where another program did.</summary>
    public LinkKind? LinkKind { get; init; }

    /// <summary>Answers between the parent and this request, at least 1; null without a parent by messages.</summary>
    public int? LinkDistance { get; init; }

    /// <summary>Whether it belongs to a sub-task.</summary>
    public bool IsSubtask { get; init; }

    /// <summary>When the proxy received it, in UTC.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>When its answer was complete, or it had failed, in UTC.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Milliseconds to the end of its answer.</summary>
    public int? DurationMs { get; init; }

    /// <summary>Milliseconds to the first piece of a streamed answer.</summary>
    public int? FirstTokenMs { get; init; }

    /// <summary>The model that was asked for.</summary>
    public string? Model { get; init; }

    /// <summary>The account that paid, by its business key.</summary>
    public string? AccountId { get; init; }

    /// <summary>What the call was: <c>inference</c> and the like.</summary>
    public string? RequestType { get; init; }

    /// <summary>The HTTP status of the answer; null while there is none.</summary>
    public int? ResponseStatus { get; init; }

    /// <summary>What went wrong, in words; null where nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the call failed: a status outside of 2xx, or an error.</summary>
    public bool HasFailed => Error is not null || ResponseStatus is < 200 or > 299;

    /// <summary>Messages in its body, all roles.</summary>
    public int? MessageCount { get; init; }

    /// <summary>Tokens read, without those from or for the cache.</summary>
    public int? InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public int? OutputTokens { get; init; }

    /// <summary>Tokens that were put into the cache.</summary>
    public int? CacheCreationInputTokens { get; init; }

    /// <summary>Tokens that came from the cache.</summary>
    public int? CacheReadInputTokens { get; init; }

    /// <summary>Tool uses in the answer.</summary>
    public int? ToolCallCount { get; init; }

    internal static ConversationNode Read(DbDataReader row) => new()
    {
        RequestId = row.GetGuid(0),
        TrainId = row.GetString(1),
        ParentRequestId = row.ValueOrNull<Guid>(2),
        RetryOfRequestId = row.ValueOrNull<Guid>(3),
        ParentTaskRequestId = row.ValueOrNull<Guid>(4),
        BranchId = row.TextOrNull(5) ?? ApiRequest.MainBranch,
        LinkKind = row.TextOrNull(6) is { } kind ? EnumText<LinkKind>.Parse(kind) : null,
        LinkDistance = row.ValueOrNull<int>(7),
        IsSubtask = row.ValueOrNull<bool>(8) is true,
        Timestamp = row.GetFieldValue<DateTimeOffset>(9),
        CompletedAt = row.ValueOrNull<DateTimeOffset>(10),
        DurationMs = row.ValueOrNull<int>(11),
        FirstTokenMs = row.ValueOrNull<int>(12),
        Model = row.TextOrNull(13),
        AccountId = row.TextOrNull(14),
        RequestType = row.TextOrNull(15),
        ResponseStatus = row.ValueOrNull<int>(16),
        Error = row.TextOrNull(17),
        MessageCount = row.ValueOrNull<int>(18),
        InputTokens = row.ValueOrNull<int>(19),
        OutputTokens = row.ValueOrNull<int>(20),
        CacheCreationInputTokens = row.ValueOrNull<int>(21),
        CacheReadInputTokens = row.ValueOrNull<int>(22),
        ToolCallCount = row.ValueOrNull<int>(23),
    };

    internal static ConversationNode Of(ApiRequest request) => new()
    {
        RequestId = request.RequestId,
        TrainId = request.TrainId,
        ParentRequestId = request.ParentRequestId,
        RetryOfRequestId = request.RetryOfRequestId,
        ParentTaskRequestId = request.ParentTaskRequestId,
        BranchId = request.BranchId ?? ApiRequest.MainBranch,
        LinkKind = request.LinkKind,
        LinkDistance = request.LinkDistance,
        IsSubtask = request.IsSubtask is true,
        Timestamp = request.Timestamp,
        CompletedAt = request.CompletedAt,
        DurationMs = request.DurationMs,
        FirstTokenMs = request.FirstTokenMs,
        Model = request.Model,
        AccountId = request.AccountId,
        RequestType = request.RequestType,
        ResponseStatus = request.ResponseStatus,
        Error = request.Error,
        MessageCount = request.MessageCount,
        InputTokens = request.InputTokens,
        OutputTokens = request.OutputTokens,
        CacheCreationInputTokens = request.CacheCreationInputTokens,
        CacheReadInputTokens = request.CacheReadInputTokens,
        ToolCallCount = request.ToolCallCount,
    };
}
