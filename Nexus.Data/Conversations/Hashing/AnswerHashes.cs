namespace Nexus.Data.Conversations.Hashing;

/// <summary>What linking needs to know of an answer.</summary>
public sealed class AnswerHashes
{
    internal AnswerHashes()
    {
    }

    /// <summary>
    /// The hash of the answer as a message of the next turn, 32 bytes; null where nothing of it counts.
    /// </summary>
    public byte[]? AnswerHash { get; init; }

    /// <summary>The prompts of its sub-tasks, in their order.</summary>
    public IReadOnlyList<PromptedTask> PromptedTasks { get; init; } = [];

    /// <summary>Keys, 16 bytes each and distinct, by which a summary that stands in it is found.</summary>
    public IReadOnlyList<byte[]> SummaryKeys { get; init; } = [];

    /// <summary>Uses of tools in it, repeated ones too.</summary>
    public int ToolUseCount { get; init; }
}
