namespace Nexus.Data.Chats;

/// <summary>What is said of chats in more than one place.</summary>
internal static class ChatErrors
{
    public static NexusDataException NotFound(Guid id) => new(NexusDataErrorKind.NotFound, $"There is no chat {id}.");

    public static NexusDataException NoUser(Guid id) => new(NexusDataErrorKind.NotFound, $"There is no user {id}.");

    public static NexusDataException NoMessage(Guid id) => new(NexusDataErrorKind.NotFound, $"There is no message {id}.");

    public static NexusDataException NoMember(Guid chatId, Guid userId)
        => new(NexusDataErrorKind.Forbidden, $"User {userId} is no member of chat {chatId}: add the user first.");

    public static NexusDataException NoGroup(Guid id, ChatKind kind)
        => new(
            NexusDataErrorKind.Validation,
            kind is ChatKind.Direct
                ? $"Chat {id} is a direct chat, whose two people stay as they are: make a group."
                : $"Chat {id} is a session of the coding assistant, which has no members.");

    public static NexusDataException Disabled(Guid id)
        => new(NexusDataErrorKind.Forbidden, $"User {id} is disabled: activate the user first.");
}
