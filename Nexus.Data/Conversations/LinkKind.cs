namespace Nexus.Data.Conversations;

/// <summary>How a request came to its place. The database holds the names in snake case.</summary>
public enum LinkKind
{
    /// <summary>It starts a conversation.</summary>
    Root,

    /// <summary>It goes on from a request with the same system prompt.</summary>
    Exact,

    /// <summary>It goes on from a request with another system prompt.</summary>
    SystemChanged,

    /// <summary>It is the summarizer's, made from the messages of its parent.</summary>
    Summarization,

    /// <summary>It goes on from an older request, because those between were never stored.</summary>
    Ancestor,

    /// <summary>It goes on from a summary, after the conversation ran out of context.</summary>
    Continuation,

    /// <summary>It opens a sub-task that an answer asked for.</summary>
    Subtask,

    /// <summary>It repeats a request.</summary>
    Retry,
}
