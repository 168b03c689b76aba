using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Browsing;

namespace Nexus.Data.Tool;

/// <summary>What a request is drawn as.</summary>
internal enum RequestKind
{
    Main,

    Fork,

    Subtask,

    Continuation,

    Retry,

    Summary,
}

internal static class RequestKinds
{
    /// <summary>A retry and a summary whatever their branches are; the others as their branches.</summary>
    public static RequestKind Of(ConversationNode request)
        => request switch
        {
            { RetryOfRequestId: not null } or { LinkKind: LinkKind.Retry } => RequestKind.Retry,
            { LinkKind: LinkKind.Summarization } => RequestKind.Summary,
            _ => Of(request.BranchKind),
        };

    public static RequestKind Of(BranchKind branch)
        => branch switch
        {
            BranchKind.Fork => RequestKind.Fork,
            BranchKind.Subtask => RequestKind.Subtask,
            BranchKind.Continuation => RequestKind.Continuation,
            _ => RequestKind.Main,
        };

    public static string Word(this RequestKind kind) => kind switch
    {
        RequestKind.Main => "main branch",
        RequestKind.Subtask => "sub-task",
        _ => JsonOutput.Word(kind),
    };
}
