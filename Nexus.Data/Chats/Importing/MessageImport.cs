using Nexus.Data.Persistence;

namespace Nexus.Data.Chats.Importing;

/// <summary>Messages: numbered behind those that are there, in the order of their times.</summary>
internal static class MessageImport
{
    // What metadata are with us.
    private const string Metadata =
        """
        CASE WHEN s.metadata IS NULL OR jsonb_typeof(s.metadata) = 'object' THEN s.metadata
        ELSE jsonb_build_object('value', s.metadata) END
        """;

    // A key that was left out before is no difference. Neither is a time that the source does not know.
    private const string Differs =
        $"""
        (t.chat_id, t.type, t.content, t.metadata, t.sender_id)
        IS DISTINCT FROM (coalesce(c.id, s.chat_id), s.type, s.content, {Metadata}, s.sender_id)
        OR t.created_at <> s.created_at OR (t.idempotency_key IS DISTINCT FROM s.idempotency_key AND t.idempotency_key IS NOT NULL)
        """;

    private static readonly string _hasNoType = $"{EnumText<MessageType>.Check("s.type")} IS NOT TRUE";

    private static readonly string _judge =
        $"""
        INSERT INTO judged_messages
        SELECT s.id,
               CASE WHEN t.id IS NOT NULL THEN NULL
               WHEN c.id IS NULL THEN {ImportTables.Word(ChatImportReason.ChatMissing)}
               WHEN s.sender_id IS NOT NULL AND u.id IS NULL THEN {ImportTables.Word(ChatImportReason.UserMissing)}
               WHEN coalesce(s.content, '') = '' THEN {ImportTables.Word(ChatImportReason.ContentEmpty)}
               WHEN {_hasNoType} THEN {ImportTables.Word(ChatImportReason.TypeUnknown)}
               END,
               t.id IS NOT NULL, t.id IS NOT NULL AND ({Differs}), c.id, coalesce(s.created_at, c.created_at),
               CASE WHEN char_length(s.idempotency_key) BETWEEN 1 AND {MessageConfiguration.LongestKey} THEN s.idempotency_key END,
               s.idempotency_key IS NOT NULL AND char_length(s.idempotency_key) NOT BETWEEN 1 AND {MessageConfiguration.LongestKey},
               s.created_at IS NULL, coalesce(jsonb_typeof(s.metadata) <> 'object', false),
               CASE WHEN {_hasNoType} THEN s.type END
        FROM import_messages s
        LEFT JOIN messages t ON t.id = s.id
        LEFT JOIN (judged_chats j JOIN chats c ON c.id = j.chat_id AND j.reason IS NULL) ON j.id = s.chat_id
        LEFT JOIN users u ON u.id = s.sender_id
        """;

    // A key is the first one's who has it in the chat.
    private const string DropKeys =
        $"""
        UPDATE judged_messages j SET idempotency_key = NULL, has_lost_key = true
        FROM (SELECT n.id, row_number() OVER (PARTITION BY n.chat_id, n.idempotency_key ORDER BY n.created_at, n.id) > 1
                     OR t.id IS NOT NULL AS is_taken
              FROM judged_messages n
              LEFT JOIN messages t ON t.chat_id = n.chat_id AND t.idempotency_key = n.idempotency_key
              WHERE n.reason IS NULL AND NOT n.is_known AND n.idempotency_key IS NOT NULL) d
        WHERE d.id = j.id AND d.is_taken
        """;

    // The numbers come with the rows, in an order that is theirs: in the stage they stand in the source's.
    private const string Insert =
        $"""
        INSERT INTO messages (id, chat_id, type, content, metadata, created_at, sender_id, idempotency_key, sequence)
        SELECT s.id, n.chat_id, s.type, s.content, {Metadata}, n.created_at, s.sender_id, n.idempotency_key, n.sequence
        FROM (SELECT j.id, j.chat_id, j.created_at, j.idempotency_key,
                     c.last_sequence + row_number() OVER (PARTITION BY j.chat_id ORDER BY j.created_at, j.id) AS sequence
              FROM judged_messages j JOIN chats c ON c.id = j.chat_id
              WHERE {ImportTables.IsNew}) n
        JOIN import_messages s ON s.id = n.id
        """;

    // A room was last written to when its newest message was; a session says itself when it was opened last, until now.
    private const string Count =
        $"""
        UPDATE chats c
        SET last_sequence = c.last_sequence + n.count,
            last_accessed_at = CASE WHEN j.id IS NULL THEN greatest(c.last_accessed_at, n.newest)
                               WHEN c.kind = 'repository' THEN c.last_accessed_at
                               ELSE n.newest END
        FROM (SELECT chat_id, count(*) AS count, max(created_at) AS newest
              FROM judged_messages WHERE {ImportTables.IsNew} GROUP BY chat_id) n
        LEFT JOIN judged_chats j ON j.id = n.chat_id AND {ImportTables.IsNew}
        WHERE c.id = n.chat_id
        """;

    // The feed gives them along with those that are posted.
    private const string Tell =
        $"SELECT pg_notify('{MessageFeed.Channel}', '') WHERE EXISTS (SELECT FROM judged_messages WHERE {ImportTables.IsNew})";

    public static TableImport Value { get; } = new(
        ImportTables.Messages, [_judge, "ANALYZE judged_messages"],
        [ImportTables.RefuseLate(ImportTables.Messages), DropKeys], Insert, [Count, Tell],
        ImportTables.Refused(ImportTables.Messages, detail: "unknown_type")
        + ImportTables.Changed(ImportTables.Messages, ChatImportReason.KeyDropped, "has_lost_key")
        + ImportTables.Changed(ImportTables.Messages, ChatImportReason.TimeFilled, "is_filled")
        + ImportTables.Changed(ImportTables.Messages, ChatImportReason.MetadataWrapped, "is_wrapped"));
}
