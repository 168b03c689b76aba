namespace Nexus.Data.Conversations.Hashing;

/// <summary>A proper beginning of a request's messages: what an earlier request of the conversation had.</summary>
/// <param name="LinkHash">The link hash of a request with these messages, 32 bytes.</param>
/// <param name="CountedMessages">Counted messages in it.</param>
/// <param name="AnswersAfter">Runs of counted assistant messages after it, at least 1: the distance to a request that
/// ends there.</param>
/// <param name="NextAnswerHash">The answer hash of the assistant message that follows it; null where a user message
/// does.</param>
/// <param name="CompatibleHash">The original's hash of the messages kept up to here, 64 hexadecimal digits; null where
/// the original rejects one of them.</param>
public readonly record struct MessagePrefix(
    byte[] LinkHash, int CountedMessages, int AnswersAfter, byte[]? NextAnswerHash, string? CompatibleHash);
