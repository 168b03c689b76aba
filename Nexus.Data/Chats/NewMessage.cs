namespace Nexus.Data.Chats;

/// <summary>A message that is to be posted.</summary>
public sealed record NewMessage
{
    /// <summary>The chat.</summary>
    public required Guid ChatId { get; init; }

    /// <summary>The text, not empty; kept as it is. Its first 100,000 characters can be searched.</summary>
    public required string Content { get; init; }

    /// <summary>Whose line it is.</summary>
    public MessageType Type { get; init; } = MessageType.User;

    /// <summary>The person who writes it; null where a program does, or in a session of the coding assistant. A room wants one for
    /// what a person says.</summary>
    public Guid? SenderId { get; init; }

    /// <summary>What else is known of it, a JSON object; null for nothing.</summary>
    public string? Metadata { get; init; }

    /// <summary>Under which it is stored once in its chat, 1 to 255 characters without the spaces around them; null where it is
    /// another one each time.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The request of the proxy that produced it; null for none. It may be stored later.</summary>
    public Guid? RequestId { get; init; }
}

/// <summary>What came of posting a message.</summary>
/// <param name="Outcome">Whether it was stored now.</param>
/// <param name="Message">The message as it is stored.</param>
public sealed record PostedMessage(PostOutcome Outcome, Message Message);

/// <summary>Whether a message was stored now.</summary>
public enum PostOutcome
{
    /// <summary>It was.</summary>
    Stored,

    /// <summary>The same was stored before under its idempotency key.</summary>
    Known,
}

/// <summary>A part of a chat's messages.</summary>
/// <param name="Messages">The messages, oldest first.</param>
/// <param name="Older">The cursor for the messages before them; null where there are none.</param>
/// <param name="Newer">The cursor for the messages after them, also for those that are written later; null where there is no message
/// yet: then the newer ones are those from the beginning on.</param>
/// <param name="HasNewer">Whether there were messages after them.</param>
public sealed record Timeline(IReadOnlyList<Message> Messages, string? Older, string? Newer, bool HasNewer);

/// <summary>A chat in which a conversation of the proxy was written.</summary>
/// <param name="ChatId">The chat.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="MessageCount">How many of its messages name requests of the conversation.</param>
/// <param name="FirstMessageId">The oldest of them.</param>
/// <param name="LastMessageId">The newest of them.</param>
public sealed record ConversationChat(Guid ChatId, ChatKind Kind, long MessageCount, Guid FirstMessageId, Guid LastMessageId);
