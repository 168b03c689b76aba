namespace Nexus.Data.Chats.Importing;

/// <summary>Snapshots: versions behind those that are there, in the order of their times.</summary>
internal static class SnapshotImport
{
    private const int LongestSession = 255;

    private static readonly string[] _columns =
        ["transcriptions", "function_results", "claude_streaming_texts", "claude_todo_writes", "repository_issues"];

    // Nothing, in SQL or in JSON, is an empty list.
    private static readonly string _arrays = string.Join(
        ", ", _columns.Select(column => $"CASE WHEN jsonb_typeof(s.{column}) = 'array' THEN s.{column} ELSE '[]' END"));

    private static readonly string _stored = string.Join(", ", _columns.Select(column => $"t.{column}"));

    private static readonly string _isOther = string.Join(
        " OR ", _columns.Select(column => $"jsonb_typeof(s.{column}) NOT IN ('array', 'null')"));

    private static readonly string _session = $"left(s.claude_session_id, {LongestSession})";

    private static readonly string _judge =
        $"""
        INSERT INTO judged_chat_snapshots
        SELECT s.id,
               CASE WHEN t.id IS NOT NULL THEN NULL
               WHEN c.id IS NULL THEN {ImportTables.Word(ChatImportReason.ChatMissing)}
               WHEN {_isOther} THEN {ImportTables.Word(ChatImportReason.NotArray)}
               END,
               t.id IS NOT NULL,
               t.id IS NOT NULL AND (
                   (t.chat_id, t.claude_session_id, {_stored}) IS DISTINCT FROM (s.chat_id, {_session}, {_arrays})
                   OR coalesce(t.created_at <> s.created_at, false)),
               s.chat_id, coalesce(s.created_at, c.created_at), coalesce(char_length(s.claude_session_id) > {LongestSession}, false),
               s.created_at IS NULL
        FROM import_chat_snapshots s
        LEFT JOIN chat_snapshots t ON t.id = s.id
        LEFT JOIN (judged_chats j JOIN chats c ON c.id = j.chat_id AND j.reason IS NULL) ON j.id = s.chat_id
        """;

    private static readonly string _insert =
        $"""
        INSERT INTO chat_snapshots (id, chat_id, version, claude_session_id, created_at, {string.Join(", ", _columns)})
        SELECT s.id, s.chat_id, n.version, {_session}, n.created_at, {_arrays}
        FROM (SELECT j.id, j.created_at,
                     coalesce(l.version, 0) + row_number() OVER (PARTITION BY j.chat_id ORDER BY j.created_at, j.id) AS version
              FROM judged_chat_snapshots j
              LEFT JOIN (SELECT chat_id, max(version) AS version FROM chat_snapshots
                         WHERE chat_id IN (SELECT chat_id FROM judged_chat_snapshots) GROUP BY chat_id) l ON l.chat_id = j.chat_id
              WHERE {ImportTables.IsNew}) n
        JOIN import_chat_snapshots s ON s.id = n.id
        """;

    public static TableImport Value { get; } = new(
        ImportTables.Snapshots, [_judge, "ANALYZE judged_chat_snapshots"], [ImportTables.RefuseLate(ImportTables.Snapshots)], _insert, [],
        ImportTables.Refused(ImportTables.Snapshots)
        + ImportTables.Changed(ImportTables.Snapshots, ChatImportReason.TextCut, "is_cut")
        + ImportTables.Changed(ImportTables.Snapshots, ChatImportReason.TimeFilled, "is_filled"));
}
