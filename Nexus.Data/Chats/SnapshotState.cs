namespace Nexus.Data.Chats;

/// <summary>The state of a session: five JSON arrays, and the coding assistant's session.</summary>
public sealed record SnapshotState
{
    /// <summary>What was said or typed.</summary>
    public string Transcriptions { get; init; } = "[]";

    /// <summary>What functions gave.</summary>
    public string FunctionResults { get; init; } = "[]";

    /// <summary>What the coding assistant said.</summary>
    public string ClaudeStreamingTexts { get; init; } = "[]";

    /// <summary>The coding assistant's lists of what is to be done.</summary>
    public string ClaudeTodoWrites { get; init; } = "[]";

    /// <summary>The repository's issues.</summary>
    public string RepositoryIssues { get; init; } = "[]";

    /// <summary>The coding assistant's session, at most 255 characters; null for none.</summary>
    public string? ClaudeSessionId { get; init; }

    // In the order of the columns.
    internal string[] Texts() => [Transcriptions, FunctionResults, ClaudeStreamingTexts, ClaudeTodoWrites, RepositoryIssues];
}

/// <summary>What became of a state that was to be stored.</summary>
/// <param name="Outcome">Whether it was.</param>
/// <param name="Version">Which snapshot it is; null where none was stored.</param>
public sealed record SnapshotResult(SnapshotOutcome Outcome, int? Version);

/// <summary>Whether a state was stored.</summary>
public enum SnapshotOutcome
{
    /// <summary>As a new snapshot.</summary>
    Stored,

    /// <summary>It says nothing, or what the newest snapshot says.</summary>
    Skipped,
}

/// <summary>All that it takes to go on with a session, as of one instant.</summary>
/// <param name="Chat">The chat.</param>
/// <param name="Snapshot">Its newest snapshot; null for none.</param>
/// <param name="Messages">Its messages, the newest at most, oldest first.</param>
public sealed record ResumedChat(RepositoryChatInfo Chat, ChatSnapshot? Snapshot, IReadOnlyList<Message> Messages);
