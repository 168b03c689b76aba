using Nexus.Data.Conversations;

namespace Nexus.Data.Recording;

/// <summary>What became of something that was recorded.</summary>
public enum RecordOutcome
{
    /// <summary>It is stored now.</summary>
    Stored,

    /// <summary>It was stored before with the same content; nothing was changed.</summary>
    Known,

    /// <summary>Something else was stored before under the same identifier; nothing was changed.</summary>
    Conflict,

    /// <summary>There is no such request in the train; nothing was changed.</summary>
    NotFound,
}

/// <summary>A request that is stored, and where it stands.</summary>
/// <param name="Outcome"><see cref="RecordOutcome.Stored"/> or <see cref="RecordOutcome.Known"/>.</param>
/// <param name="Linking">Whether it was linked, waits for it, or takes no part in conversations.</param>
/// <param name="ConversationId">Its conversation; null where it has none yet.</param>
/// <param name="BranchId">Its branch; null where it has no conversation yet.</param>
/// <param name="ParentRequestId">The request that it goes on from; null for the first of a conversation.</param>
public sealed record RecordResult(
    RecordOutcome Outcome, LinkOutcome Linking, Guid? ConversationId, string? BranchId, Guid? ParentRequestId);
