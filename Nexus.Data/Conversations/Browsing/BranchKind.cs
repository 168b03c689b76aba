using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>What a branch is, by its name.</summary>
public enum BranchKind
{
    /// <summary>The branch that a conversation starts on.</summary>
    Main,

    /// <summary>It goes on from a request that another branch had gone on from before.</summary>
    Fork,

    /// <summary>It is a sub-task's: <c>subtask_2</c>.</summary>
    Subtask,

    /// <summary>It goes on from a summary, after the conversation ran out of context: <c>compact_142501</c>.</summary>
    Continuation,
}

internal static class BranchKinds
{
    public static BranchKind Of(string branchId)
        => branchId == ApiRequest.MainBranch ? BranchKind.Main
            : branchId.StartsWith(BranchNames.SubtaskPrefix, StringComparison.Ordinal) ? BranchKind.Subtask
            : branchId.StartsWith(BranchNames.ContinuationPrefix, StringComparison.Ordinal) ? BranchKind.Continuation
            : BranchKind.Fork;
}
