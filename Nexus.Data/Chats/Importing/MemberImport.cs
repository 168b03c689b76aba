using Nexus.Data.Persistence;

namespace Nexus.Data.Chats.Importing;

/// <summary>Members: who is new has read everything, no group is without an admin, and no direct chat without its people.</summary>
internal static class MemberImport
{
    private const string Id = "source_id::text || '/' || user_id::text";

    private static readonly string _judge =
        $"""
        INSERT INTO judged_chat_members
        SELECT s.chat_id, c.id, s.user_id,
               CASE WHEN t.user_id IS NOT NULL THEN NULL
               WHEN c.id IS NULL THEN {ImportTables.Word(ChatImportReason.ChatMissing)}
               WHEN u.id IS NULL THEN {ImportTables.Word(ChatImportReason.UserMissing)}
               WHEN u.anonymized_at IS NOT NULL THEN {ImportTables.Word(ChatImportReason.UserGone)}
               WHEN c.kind = 'direct' AND s.user_id NOT IN (c.low_user_id, c.high_user_id)
                   THEN {ImportTables.Word(ChatImportReason.NotOfPair)}
               WHEN {EnumText<ChatRole>.Check("s.role")} IS NOT TRUE THEN {ImportTables.Word(ChatImportReason.RoleUnknown)}
               END,
               t.user_id IS NOT NULL, false, s.role, coalesce(s.joined_at, c.created_at), s.joined_at IS NULL, false
        FROM import_chat_members s
        LEFT JOIN (judged_chats j JOIN chats c ON c.id = j.chat_id AND j.reason IS NULL) ON j.id = s.chat_id
        LEFT JOIN chat_members t ON t.chat_id = c.id AND t.user_id = s.user_id
        LEFT JOIN users u ON u.id = s.user_id
        """;

    // Of chats that were joined to one each person is a member once.
    private const string JoinTwice =
        $"""
        UPDATE judged_chat_members j SET is_known = true
        FROM (SELECT source_id, user_id, row_number() OVER (PARTITION BY chat_id, user_id ORDER BY joined_at, source_id) AS place
              FROM judged_chat_members WHERE {ImportTables.IsNew}) d
        WHERE d.source_id = j.source_id AND d.user_id = j.user_id AND d.place > 1
        """;

    // Somebody added them after they were looked for.
    private const string JoinLate =
        """
        UPDATE judged_chat_members j SET is_known = true
        FROM chat_members t WHERE j.reason IS NULL AND t.chat_id = j.chat_id AND t.user_id = j.user_id
        """;

    private const string MakeAdmins =
        """
        UPDATE judged_chat_members j SET role = 'admin', is_made_admin = true
        FROM (SELECT DISTINCT ON (m.chat_id) m.chat_id, m.user_id
              FROM judged_chat_members m JOIN chats c ON c.id = m.chat_id AND c.kind = 'group'
              WHERE m.reason IS NULL
                AND NOT EXISTS (SELECT FROM judged_chat_members a
                                WHERE a.chat_id = m.chat_id AND a.reason IS NULL AND a.role = 'admin')
              ORDER BY m.chat_id, m.joined_at, m.user_id) f
        WHERE j.chat_id = f.chat_id AND j.user_id = f.user_id
          AND NOT EXISTS (SELECT FROM chat_members t WHERE t.chat_id = f.chat_id AND t.role = 'admin' AND t.user_id <> f.user_id)
        """;

    // Behind the admins, so that whom an import made one is as the source would have it. A chat that was joined to another one has no
    // members of its own.
    private const string Compare =
        """
        UPDATE judged_chat_members j SET differs = true FROM chat_members t
        WHERE j.is_known AND j.source_id = j.chat_id AND t.chat_id = j.chat_id AND t.user_id = j.user_id
          AND (t.role <> j.role OR (t.joined_at <> j.joined_at AND NOT j.is_filled))
        """;

    private const string Insert =
        """
        INSERT INTO chat_members (chat_id, user_id, role, joined_at, last_read_sequence)
        SELECT j.chat_id, j.user_id, j.role, j.joined_at, c.last_sequence
        FROM judged_chat_members j JOIN chats c ON c.id = j.chat_id
        WHERE j.reason IS NULL AND NOT j.is_known
        ORDER BY j.chat_id, j.user_id
        """;

    // Whoever left a direct chat there is in it here: it has its two people.
    private static readonly string _complete =
        $"""
        WITH added AS (
            INSERT INTO chat_members (chat_id, user_id, joined_at, last_read_sequence)
            SELECT c.id, u.id, c.created_at, c.last_sequence
            FROM judged_chats j
            JOIN chats c ON c.id = j.id
            JOIN users u ON u.id IN (c.low_user_id, c.high_user_id) AND u.anonymized_at IS NULL
            WHERE {ImportTables.IsNew} AND j.kind = 'direct'
            ORDER BY c.id, u.id
            ON CONFLICT DO NOTHING
            RETURNING chat_id, user_id)
        INSERT INTO import_findings
        SELECT '{ImportTables.Members}', chat_id::text || '/' || user_id::text, {ImportTables.Word(ChatImportReason.PairCompleted)}, NULL FROM added
        """;

    private static readonly string _findEmpty =
        $"""
        INSERT INTO import_findings
        SELECT '{ImportTables.Chats}', j.id::text, {ImportTables.Word(ChatImportReason.NoMember)}, left(j.detail, 255)
        FROM judged_chats j
        WHERE {ImportTables.IsNew} AND j.kind = 'group' AND NOT EXISTS (SELECT FROM chat_members m WHERE m.chat_id = j.id);
        """;

    public static TableImport Value { get; } = new(
        ImportTables.Members, [_judge, JoinTwice, "ANALYZE judged_chat_members"],
        [ImportTables.RefuseLate(ImportTables.Members), JoinLate, MakeAdmins, Compare], Insert, [_complete],
        ImportTables.Refused(ImportTables.Members, Id)
        + ImportTables.Changed(ImportTables.Members, ChatImportReason.TimeFilled, "is_filled", Id)
        + ImportTables.Changed(ImportTables.Members, ChatImportReason.AdminMade, "is_made_admin", Id) + _findEmpty);
}
