using System.Globalization;
using Nexus.Data.Persistence;

namespace Nexus.Data.Chats.Importing;

/// <summary>The names of tables, and what statements over them share.</summary>
/// <remarks>Of each table there is a stage, <c>import_TABLE</c>, with the rows as the source has them, and <c>judged_TABLE</c>, where
/// stands what becomes of each row: temporary tables of the import's transaction.</remarks>
internal static class ImportTables
{
    public const string Users = "users";
    public const string Chats = "chats";
    public const string Members = "chat_members";
    public const string Messages = "messages";
    public const string Snapshots = "chat_snapshots";

    /// <summary>In the order in which they are counted.</summary>
    public static IReadOnlyList<string> All { get; } = [Users, Chats, Members, Messages, Snapshots];

    /// <summary>Takes what another import of the same transaction left, and makes the tables anew.</summary>
    public const string Create =
        """
        DROP TABLE IF EXISTS pg_temp.import_users, pg_temp.import_chats, pg_temp.import_chat_members, pg_temp.import_messages,
            pg_temp.import_chat_snapshots, pg_temp.judged_users, pg_temp.judged_chats, pg_temp.judged_chat_members,
            pg_temp.judged_messages, pg_temp.judged_chat_snapshots, pg_temp.touched_chats, pg_temp.import_findings;
        CREATE TEMPORARY TABLE import_users (
            id uuid, username text, password_hash text, status text, last_login_at timestamptz, created_at timestamptz,
            has_lost_login boolean) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_chats (
            id uuid, kind text, detail text, low_user_id uuid, high_user_id uuid, topic text, title text, repository_name text,
            repository_full_name text, active_issue_number integer, active_issue_title text, active_issue_url text,
            quiet_mode boolean, created_at timestamptz, updated_at timestamptz, last_accessed_at timestamptz) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_chat_members (chat_id uuid, user_id uuid, role text, joined_at timestamptz) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_messages (
            id uuid, chat_id uuid, type text, content text, metadata jsonb, created_at timestamptz, sender_id uuid,
            idempotency_key text) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_chat_snapshots (
            id uuid, chat_id uuid, transcriptions jsonb, function_results jsonb, claude_streaming_texts jsonb,
            claude_todo_writes jsonb, repository_issues jsonb, claude_session_id text, created_at timestamptz) ON COMMIT DROP;
        CREATE TEMPORARY TABLE judged_users (
            id uuid, reason text, is_known boolean, differs boolean, username text, password_hash text, status text,
            last_login_at timestamptz, created_at timestamptz, is_trimmed boolean, is_filled boolean) ON COMMIT DROP;
        CREATE TEMPORARY TABLE judged_chats (
            id uuid, reason text, is_known boolean, differs boolean, detail text, kind text, low_user_id uuid, high_user_id uuid,
            topic text, title text, repository_name text, repository_full_name text, active_issue_number integer,
            active_issue_title text, active_issue_url text, quiet_mode boolean, created_at timestamptz, updated_at timestamptz,
            last_accessed_at timestamptz, is_cut boolean, has_lost_issue boolean, has_lost_topic boolean, is_filled boolean,
            chat_id uuid, is_joined boolean) ON COMMIT DROP;
        CREATE TEMPORARY TABLE judged_chat_members (
            source_id uuid, chat_id uuid, user_id uuid, reason text, is_known boolean, differs boolean, role text,
            joined_at timestamptz, is_filled boolean, is_made_admin boolean) ON COMMIT DROP;
        CREATE TEMPORARY TABLE judged_messages (
            id uuid, reason text, is_known boolean, differs boolean, chat_id uuid, created_at timestamptz,
            idempotency_key text, has_lost_key boolean, is_filled boolean, is_wrapped boolean,
            unknown_type text) ON COMMIT DROP;
        CREATE TEMPORARY TABLE judged_chat_snapshots (
            id uuid, reason text, is_known boolean, differs boolean, chat_id uuid, created_at timestamptz,
            is_cut boolean, is_filled boolean) ON COMMIT DROP;
        CREATE TEMPORARY TABLE touched_chats (id uuid) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_findings (table_name text, id text, reason text, detail text) ON COMMIT DROP;
        """;

    /// <summary>Plans of what follows go by it.</summary>
    public const string Analyze =
        "ANALYZE import_users, import_chats, import_chat_members, import_messages, import_chat_snapshots";

    /// <summary>One import after the other.</summary>
    public const string Gate = "SELECT pg_advisory_xact_lock(hashtextextended('nexus.chats/import', 0))";

    /// <summary>First people, then chats by key, as everybody takes them who joins, leaves, posts or changes roles. Nobody is
    /// anonymised from here on.</summary>
    public const string LockUsers =
        """
        WITH locked AS MATERIALIZED (
            SELECT id FROM users
            WHERE id IN (SELECT id FROM import_users UNION ALL SELECT low_user_id FROM import_chats
                         UNION ALL SELECT high_user_id FROM import_chats)
            ORDER BY id FOR KEY SHARE)
        SELECT count(*) FROM locked
        """;

    /// <summary>Those chats to which something comes: nobody gives a number there from here on. In the others people go on.</summary>
    public const string LockChats =
        $"""
        WITH locked AS MATERIALIZED (
            SELECT id FROM chats
            WHERE id IN (SELECT chat_id FROM judged_messages WHERE {IsNew}
                         UNION ALL SELECT chat_id FROM judged_chat_members WHERE {IsNew}
                         UNION ALL SELECT chat_id FROM judged_chat_snapshots WHERE {IsNew})
            ORDER BY id FOR NO KEY UPDATE)
        INSERT INTO touched_chats SELECT id FROM locked
        """;

    /// <summary>Notes in them numbers that other programs gave without noting them, so that what comes goes behind those, and counts
    /// of what is unread are right.</summary>
    public static IReadOnlyList<string> NoteNumbers { get; } =
    [
        """
        UPDATE chat_members m SET unread_gaps = m.unread_gaps + n.gaps
        FROM (SELECT c.id, c.last_sequence, max(s.sequence) - c.last_sequence - count(*) AS gaps
              FROM touched_chats t JOIN chats c ON c.id = t.id JOIN messages s ON s.chat_id = c.id AND s.sequence > c.last_sequence
              GROUP BY c.id) n
        WHERE m.chat_id = n.id AND m.last_read_sequence <= n.last_sequence AND n.gaps > 0
        """,
        """
        UPDATE chats c SET last_sequence = n.last
        FROM (SELECT t.id, (SELECT max(m.sequence) FROM messages m WHERE m.chat_id = t.id) AS last FROM touched_chats t) n
        WHERE c.id = n.id AND n.last > c.last_sequence
        """,
    ];

    /// <summary>The server's limits of time, some of which only newer ones have, do not count for the transaction.</summary>
    public const string TakeTime =
        """
        SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings
        WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
        """;

    public static string StageOf(string table) => $"import_{table}";

    public static string JudgedOf(string table) => $"judged_{table}";

    /// <summary>The condition for rows that are new with us.</summary>
    public const string IsNew = "reason IS NULL AND NOT is_known";

    /// <summary>A reason as a literal.</summary>
    public static string Word(ChatImportReason reason) => $"'{EnumText<ChatImportReason>.Word(reason)}'";

    /// <summary>Files the rows of a judged table that are said to be changed, where they are new.</summary>
    public static string Changed(string table, ChatImportReason reason, string condition, string id = "id::text", string detail = "NULL")
        => Found(table, Word(reason), $"{IsNew} AND {condition}", id, detail);

    /// <summary>Files the rows of a judged table that were not carried over.</summary>
    public static string Refused(string table, string id = "id::text", string detail = "NULL")
        => Found(table, "reason", "reason IS NOT NULL", id, detail);

    /// <summary>Refuses what is new of a chat that somebody deleted before it was locked.</summary>
    public static string RefuseLate(string table)
        => $"""
            UPDATE {JudgedOf(table)} j SET reason = {Word(ChatImportReason.ChatMissing)}
            WHERE {IsNew} AND NOT EXISTS (SELECT FROM chats c WHERE c.id = j.chat_id)
            """;

    /// <summary>Files the rows of a judged table for which a condition holds.</summary>
    public static string Found(string table, string reason, string condition, string id, string detail)
        => $"""
            INSERT INTO import_findings
            SELECT '{table}', {id}, {reason}, left({detail}, 255) FROM {JudgedOf(table)} WHERE {condition};
            """;

    /// <summary>What counts as space around a text, as a literal: the same as where a name is given by hand.</summary>
    public static string Spaces { get; } = "E'" + string.Concat(
        Enumerable.Range(0, char.MaxValue).Where(code => char.IsWhiteSpace((char)code))
            .Select(code => string.Create(CultureInfo.InvariantCulture, $@"\u{code:x4}"))) + "'";
}

/// <summary>How the rows of one table come in.</summary>
/// <param name="Table">Our table.</param>
/// <param name="Judge">Says of each row of the stage what becomes of it.</param>
/// <param name="Revise">What came in between, once chats are locked.</param>
/// <param name="Insert">Inserts those that are new.</param>
/// <param name="Settle">What follows from it.</param>
/// <param name="Find">Files what is to be told.</param>
internal sealed record TableImport(
    string Table, IReadOnlyList<string> Judge, IReadOnlyList<string> Revise, string Insert, IReadOnlyList<string> Settle, string Find);
