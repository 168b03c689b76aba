using System.Data.Common;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats;

/// <summary>Messages as statements read them.</summary>
internal static class MessageRow
{
    /// <summary>The columns of messages as m.</summary>
    public const string Columns =
        """
        m.id, m.chat_id, m.type, m.content, m.metadata, m.created_at, m.sender_id, m.idempotency_key, m.request_id, m.sequence
        """;

    /// <summary>Reads them.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">Where the first of them stands.</param>
    public static Message Read(DbDataReader row, int first = 0)
        => new(row.GetGuid(first))
        {
            ChatId = row.GetGuid(first + 1),
            Type = EnumText<MessageType>.Parse(row.GetString(first + 2)),
            Content = row.GetString(first + 3),
            Metadata = row.TextOrNull(first + 4),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(first + 5),
            SenderId = row.ValueOrNull<Guid>(first + 6),
            IdempotencyKey = row.TextOrNull(first + 7),
            RequestId = row.ValueOrNull<Guid>(first + 8),
            Sequence = row.GetInt64(first + 9),
        };
}
