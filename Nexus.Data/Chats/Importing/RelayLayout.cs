namespace Nexus.Data.Chats.Importing;

/// <summary>The coding assistant.</summary>
internal static class RelayLayout
{
    public static SourceLayout Value { get; } = new(
        ChatSourceKind.Relay, "Relay",
        [
            new(
                "chats", ImportTables.Chats,
                [
                    "id", "title", "repository_name", "repository_full_name", "created_at", "updated_at", "last_accessed_at",
                    "active_issue_number", "active_issue_title", "active_issue_url", "quiet_mode",
                ]),
            new("messages", ImportTables.Messages, ["id", "chat_id", "type", "content", "metadata", "created_at"]),
            new(
                "chat_snapshots", ImportTables.Snapshots,
                [
                    "id", "chat_id", "transcriptions", "function_results", "claude_streaming_texts", "claude_todo_writes",
                    "repository_issues", "created_at",
                ])
            {
                Others = ["claude_session_id"],
            },
        ],
        Stage);

    private static StagedRows[] Stage(SourceCatalog source) =>
    [
        new(
            ImportTables.Chats, $"SELECT count(*) FROM {source.Name("chats")}",
            $"""
            SELECT id::uuid, 'repository', repository_full_name::text, NULL::uuid, NULL::uuid, NULL::text,
                   title::text, repository_name::text, repository_full_name::text, active_issue_number::integer,
                   active_issue_title::text, active_issue_url::text, quiet_mode::boolean,
                   {SourceLayout.Time("created_at")}, {SourceLayout.Time("updated_at")}, {SourceLayout.Time("last_accessed_at")}
            FROM {source.Name("chats")}
            """),
        new(
            ImportTables.Messages, $"SELECT count(*) FROM {source.Name("messages")}",
            $"""
            SELECT id::uuid, chat_id::uuid, type::text, content::text, metadata::jsonb,
                   {SourceLayout.Time("created_at")}, NULL::uuid, NULL::text
            FROM {source.Name("messages")}
            """),
        new(
            ImportTables.Snapshots, $"SELECT count(*) FROM {source.Name("chat_snapshots")}",
            $"""
            SELECT id::uuid, chat_id::uuid, transcriptions::jsonb, function_results::jsonb, claude_streaming_texts::jsonb,
                   claude_todo_writes::jsonb, repository_issues::jsonb,
                   {source.Optional("chat_snapshots", "claude_session_id", "text")}, {SourceLayout.Time("created_at")}
            FROM {source.Name("chat_snapshots")}
            """),
    ];
}
