namespace Nexus.Data.Chats;

/// <summary>What is said of chats in more than one place.</summary>
internal static class ChatErrors
{
    public static NexusDataException NotFound(Guid id) => new(NexusDataErrorKind.NotFound, $"There is no chat {id}.");
}
