namespace Nexus.Data.Chats.Importing;

/// <summary>Chats: of the shape that their kind has, a direct one once for each pair.</summary>
internal static class ChatRowImport
{
    private static readonly string _longest = $"{ChatConfiguration.LongestTitle}";

    // Whether the source says of a chat that we have something else than we do. When it was opened or changed last goes on here.
    private const string Differs =
        """
        (t.kind, t.low_user_id, t.high_user_id, t.topic, t.title, t.repository_name, t.repository_full_name, t.active_issue_number,
         t.active_issue_title, t.active_issue_url, t.quiet_mode)
        IS DISTINCT FROM (s.kind, s.low_user_id, s.high_user_id, s.topic, s.title, s.repository_name, s.repository_full_name,
                          s.active_issue_number, s.active_issue_title, s.active_issue_url, s.quiet_mode)
        OR (s.is_dated AND t.created_at <> s.created_at)
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
               WHEN s.kind = 'repository' AND (coalesce(s.title, '') = '' OR coalesce(s.repository_name, '') = ''
                                               OR coalesce(s.repository_full_name, '') = '')
                   THEN {ImportTables.Word(ChatImportReason.TitleEmpty)}
               END,
               CASE WHEN t.id IS NULL THEN o.id IS NOT NULL ELSE t.kind IS NOT DISTINCT FROM s.kind END,
               t.id IS NOT NULL AND t.kind IS NOT DISTINCT FROM s.kind AND ({Differs}),
               s.detail, s.kind, s.low_user_id, s.high_user_id, s.topic, s.title, s.repository_name, s.repository_full_name,
               s.active_issue_number, s.active_issue_title, s.active_issue_url, s.quiet_mode,
               s.created_at, s.updated_at, s.last_accessed_at, s.is_cut, s.has_lost_issue, s.has_lost_topic, s.is_filled,
               CASE WHEN t.id IS NULL AND o.id IS NOT NULL THEN o.id ELSE s.id END, t.id IS NULL AND o.id IS NOT NULL
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
                   topic = '' AS has_lost_topic,
                   created_at IS NULL OR (kind = 'repository' AND num_nulls(updated_at, last_accessed_at) > 0) AS is_filled,
                   created_at IS NOT NULL AS is_dated
            FROM (SELECT *, coalesce(least(updated_at, last_accessed_at), now()) AS nearest FROM import_chats) raw) s
        LEFT JOIN chats t ON t.id = s.id
        LEFT JOIN users l ON l.id = s.low_user_id
        LEFT JOIN users h ON h.id = s.high_user_id
        LEFT JOIN chats o ON s.kind = 'direct' AND o.kind = 'direct'
            AND o.low_user_id = s.low_user_id AND o.high_user_id = s.high_user_id
        """;

    // Several of a pair go to the oldest.
    private const string JoinTwice =
        $"""
        UPDATE judged_chats j SET chat_id = d.oldest, is_known = true, is_joined = true
        FROM (SELECT id, first_value(id) OVER (PARTITION BY low_user_id, high_user_id ORDER BY created_at, id) AS oldest
              FROM judged_chats WHERE {ImportTables.IsNew} AND kind = 'direct') d
        WHERE d.id = j.id AND d.oldest <> j.id
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
    private const string JoinLate =
        """
        UPDATE judged_chats j SET chat_id = o.id, is_known = true, is_joined = true
        FROM chats o
        WHERE j.reason IS NULL AND j.kind = 'direct' AND NOT EXISTS (SELECT FROM chats c WHERE c.id = j.chat_id)
          AND o.kind = 'direct' AND o.low_user_id = j.low_user_id AND o.high_user_id = j.high_user_id
        """;

    public static TableImport Value { get; } = new(
        ImportTables.Chats, [_judge, JoinTwice], [], Insert, [JoinLate, ImportTables.RefuseLate(ImportTables.Chats), "ANALYZE judged_chats"],
        ImportTables.Refused(ImportTables.Chats, detail: "detail")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.TextCut, "is_cut", detail: "detail")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.IssueDropped, "has_lost_issue", detail: "detail")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.TopicDropped, "has_lost_topic")
        + ImportTables.Changed(ImportTables.Chats, ChatImportReason.TimeFilled, "is_filled", detail: "detail")
        + ImportTables.Found(
            ImportTables.Chats, ImportTables.Word(ChatImportReason.PairJoined), "reason IS NULL AND is_joined", "id::text", "chat_id::text"));
}
