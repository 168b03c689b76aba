namespace Nexus.Data.Chats.Importing;

/// <summary>The team chat.</summary>
internal static class OpchatLayout
{
    private const string Uuid = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
    private const string IsPair = $"d.dm_key ~ '^{Uuid}::{Uuid}$'";
    private const string First = "split_part(d.dm_key, '::', 1)::uuid";
    private const string Second = "split_part(d.dm_key, '::', 2)::uuid";

    public static SourceLayout Value { get; } = new(
        ChatSourceKind.Opchat, "OpChat",
        [
            new("user", ImportTables.Users, ["id", "username", "password_hash", "status", "last_login_at", "created_at"]),
            new("chat", ImportTables.Chats, ["id", "type", "created_at"]),
            new("direct_message", ImportTables.Chats, ["id", "dm_key"]),
            new("group_chat", ImportTables.Chats, ["id", "topic"]),
            new("membership", ImportTables.Members, ["chat_id", "user_id", "role", "joined_at"]) { Others = ["id"] },
            new("message", ImportTables.Messages, ["id", "chat_id", "sender_id", "content", "created_at"])
            {
                Others = ["idempotency_key"],
            },
        ],
        Stage);

    private static StagedRows[] Stage(SourceCatalog source) =>
    [
        new(
            ImportTables.Users, $"SELECT count(*) FROM {source.Name("user")}",
            $"""
            SELECT id::uuid, username::text, password_hash::text, lower(status::text COLLATE "C"),
                   {SourceLayout.Time("last_login_at")}, {SourceLayout.Time("created_at")},
                   last_login_at IS NOT NULL AND {SourceLayout.Time("last_login_at")} IS NULL
            FROM {source.Name("user")}
            """),
        new(
            ImportTables.Chats, $"SELECT count(*) FROM {source.Name("chat")}",
            $"""
            SELECT c.id::uuid,
                   CASE WHEN d.id IS NOT NULL AND g.id IS NULL THEN 'direct' WHEN g.id IS NOT NULL AND d.id IS NULL THEN 'group' END,
                   coalesce(d.dm_key, g.topic, c.type)::text,
                   CASE WHEN {IsPair} THEN least({First}, {Second}) END, CASE WHEN {IsPair} THEN greatest({First}, {Second}) END,
                   g.topic::text, NULL::text, NULL::text, NULL::text, NULL::integer, NULL::text, NULL::text, NULL::boolean,
                   {SourceLayout.Time("c.created_at")}, NULL::timestamptz, NULL::timestamptz
            FROM {source.Name("chat")} c
            LEFT JOIN {source.Name("direct_message")} d ON d.id = c.id
            LEFT JOIN {source.Name("group_chat")} g ON g.id = c.id
            """),
        new(
            ImportTables.Messages, $"SELECT count(*) FROM {source.Name("message")}",
            $"""
            SELECT id::uuid, chat_id::uuid, 'user', content::text, NULL::jsonb,
                   {SourceLayout.Time("created_at")}, sender_id::uuid, {source.Optional("message", "idempotency_key", "text")}
            FROM {source.Name("message")}
            """),
        new(
            ImportTables.Members, $"SELECT count(*) FROM {source.Name("membership")}",
            $"""
            SELECT chat_id::uuid, user_id::uuid, lower(role::text COLLATE "C"), {SourceLayout.Time("joined_at")}
            FROM {source.Name("membership")}
            """),
    ];
}
