using Nexus.Data.Conversations.Hashing;

namespace Nexus.Data.Conversations.Browsing;

/// <summary>A message of a request's body.</summary>
/// <param name="Index">Its place in the body, from 0.</param>
/// <param name="Role">Whose it is: <c>user</c>, <c>assistant</c> or another word; null where the body does not say.</param>
/// <param name="Content">Its content, a text or a list of blocks, as UTF-8 JSON; the whole message where it has no content.
/// </param>
/// <param name="Text">The texts among its blocks without the client's reminders, with an empty line between them; null where
/// there are none.</param>
public sealed record HistoryMessage(int Index, string? Role, ReadOnlyMemory<byte> Content, string? Text)
{
    internal static HistoryMessage Of(BodyMessage message)
    {
        var (content, text) = message.Read();
        return new(message.Index, message.Role, content ?? message.Json, text);
    }
}
