using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>Where a request stood before it was linked once more.</summary>
internal sealed record LinkPlace(
    Guid? ConversationId, string BranchId, Guid? ParentTaskRequestId, bool IsSubtask, LinkKind? LinkKind)
{
    public static LinkPlace Of(ApiRequest request) => new(
        request.ConversationId, request.BranchId ?? ApiRequest.MainBranch, request.ParentTaskRequestId,
        request.IsSubtask is true, request.LinkKind);
}
