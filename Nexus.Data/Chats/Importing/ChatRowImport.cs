namespace Nexus.Data.Chats.Importing;

/// <summary>Chats: of the shape that their kind has, a direct one once for each pair.</summary>
internal static class ChatRowImport
{
    private static readonly string _longest = $"{ChatConfiguration.LongestTitle}";

    private static readonly string _taken = ImportTables.Word(ChatImportReason.PairTaken);

    // Whether the source says of a chat that we have something else than we do. When it was opened or changed last goes on here.
    private const string Differs =
        """
        (t.kind, t.low_user_id, t.high_user_id, t.topic, t.title, t.repository_name, t.repository_full_name, t.active_issue_number,
         t.active_issue_title, t.active_issue_url, t.quiet_mode)
        IS DISTINCT FROM (s.kind, s.low_user_id, s.high_user_id, s.topic, s.title, s.repository_name, s.repository_full_name,
                          s.active_issue_number, s.active_issue_title, s.active_issue_url, s.quiet_mode)
        OR (NOT s.is_filled AND t.created_at <> s.created_at)
        """;

    private static readonly string _judge =
        $"""
        INSERT INTO judged_chats
        SELECT s.id,
               CASE WHEN s.kind IS NULL THEN {ImportTables.Word(ChatImportReason.KindUnknown)}
               WHEN t.kind <> s.kind THEN {ImportTables.Word(ChatImportReason.IdTaken)}
               WHEN t.id IS NOT NULL THEN NULL
               WHEN s.kind = 'direct' AND (s.low_user_id IS NULL OR s.low_user_id = s.high_user_id)
                   THEN {ImportTables.Word(ChatImportReason.PairUnreadable)}
               WHEN s.kind = 'direct' AND (l.id IS NULL OR h.id IS NULL) THEN {ImportTables.Word(ChatImportReason.UserMissing)}
               WHEN o.id IS NOT NULL THEN {_taken}
               WHEN s.kind = 'repository' AND (coalesce(s.title, '') = '' OR coalesce(s.repository_name, '') = ''
                                               OR coalesce(s.repository_full_name, '') = '')
                   THEN {ImportTables.Word(ChatImportReason.TitleEmpty)}
               END,
               t.id IS NOT NULL AND t.kind IS NOT DISTINCT FROM s.kind,
               t.id IS NOT NULL AND t.kind IS NOT DISTINCT FROM s.kind AND ({Differs}),
               s.detail, s.kind, s.low_user_id, s.high_user_id, s.topic, s.title, s.repository_name, s.repository_full_name,
               s.active_issue_number, s.active_issue_title, s.active_issue_url, s.quiet_mode,
               s.created_at, s.updated_at, s.last_accessed_at, s.is_cut, s.has_lost_issue, s.is_filled
        FROM (
            SELECT id, detail, kind, low_user_id, high_user_id, nullif(left(topic, {_longest}), '') AS topic,
                   left(title, {_longest}) AS title, left(repository_name, {_longest}) AS repository_name,
                   left(repository_full_name, {_longest}) AS repository_full_name, active_issue_number,
                   CASE WHEN active_issue_number IS NOT NULL THEN active_issue_title END AS active_issue_title,
                   CASE WHEN active_issue_number IS NOT NULL THEN active_issue_url END AS active_issue_url,
                   CASE WHEN kind = 'repository' THEN coalesce(quiet_mode, false) END AS quiet_mode,
                   coalesce(created_at, nearest) AS created_at, coalesce(updated_at, created_at, nearest) AS updated_at,
                   coalesce(last_accessed_at, created_at, nearest) AS last_accessed_at,
                   greatest(char_length(topic), char_length(title), char_length(repository_name), char_length(repository_full_name))
                       > {_longest} AS is_cut,
                   active_issue_number IS NULL AND num_nonnulls(active_issue_title, active_issue_url) > 0 AS has_lost_issue,
                   created_at IS NULL AS is_filled
            FROM (SELECT *, coalesce(least(updated_at, last_accessed_at), now()) AS nearest FROM import_chats) raw) s
        LEFT JOIN chats t ON t.id = s.id
        LEFT JOIN users l ON l.id = s.low_user_id
        LEFT JOIN users h ON h.id = s.high_user_id
        LEFT JOIN chats o ON s.kind = 'direct' AND o.kind = 'direct'
            AND o.low_user_id = s.low_user_id AND o.high_user_id = s.high_user_id
        """;

    // Of several the oldest.
    private static readonly string _twice =
        $"""
        UPDATE judged_chats j SET reason = {_taken}
        FROM (SELECT id, row_number() OVER (PARTITION BY low_user_id, high_user_id ORDER BY created_at, id) AS place
              FROM judged_chats WHERE {ImportTables.IsNew} AND kind = 'direct') d
        WHERE d.id = j.id AND d.place > 1
        """;

    private const string Insert =
        $"""
        INSERT INTO chats (
            id, kind, low_user_id, high_user_id, topic, title, repository_name, repository_full_name, active_issue_number,
            active_issue_title, active_issue_url, quiet_mode, created_at, updated_at, last_accessed_at)
        SELECT id, kind, low_user_id, high_user_id, topic, title, repository_name, repository_full_name, active_issue_number,
               active_issue_title, active_issue_url, quiet_mode, created_at, updated_at, last_accessed_at
        FROM judged_chats WHERE {ImportTables.IsNew} ORDER BY id
        ON CONFLICT DO NOTHING
        """;

    // Somebody began a chat of the pair after it was looked for.
    private static readonly string _late =
        $"""
        UPDATE judged_chats j SET reason = {_taken}
        WHERE {ImportTables.IsNew} AND NOT EXISTS (SELECT FROM chats c WHERE c.id = j.id)
        """;

    public static TableImport Value { get; } = new(
        ImportTables.Chats, [_judge, _twice], Insert, [_late, "ANALYZE judged_chats"],
        ImportTables.Refused(ImportTables.Chats, detail: "detail")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.TextCut, "is_cut", detail: "detail")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.IssueDropped, "has_lost_issue", detail: "detail")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.TimeFilled, "is_filled", detail: "detail"));
}
