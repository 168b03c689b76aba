namespace Nexus.Data.Conversations.Hashing;

/// <summary>A prompt that an answer gives to a sub-task, by a use of the tool <c>Task</c> or <c>Agent</c>.</summary>
/// <param name="ToolUseId">The id of the tool use; null where it has none.</param>
/// <param name="Ordinal">Its place among the prompts of the answer, from 0.</param>
/// <param name="PromptHash">32 bytes, equal to <see cref="RequestHashes.OpeningTextHash"/> of the sub-task.</param>
/// <param name="Prompt">The prompt without reminders, with LF for CRLF, trimmed; never empty.</param>
public sealed record PromptedTask(string? ToolUseId, int Ordinal, byte[] PromptHash, string Prompt);
