using Nexus.Data.Persistence;

namespace Nexus.Data.Chats.Importing;

/// <summary>People: by their names, which are one person's in any case of the letters.</summary>
internal static class UserImport
{
    private static readonly string _taken = ImportTables.Word(ChatImportReason.NameTaken);

    private static readonly string _judge =
        $"""
        INSERT INTO judged_users
        SELECT s.id,
               CASE WHEN t.id IS NOT NULL THEN NULL
               WHEN s.name = '' THEN {ImportTables.Word(ChatImportReason.NameEmpty)}
               WHEN char_length(s.name) > {UserConfiguration.LongestName} THEN {ImportTables.Word(ChatImportReason.NameTooLong)}
               WHEN {EnumText<UserStatus>.Check("s.status")} IS NOT TRUE THEN {ImportTables.Word(ChatImportReason.StatusUnknown)}
               WHEN o.id IS NOT NULL THEN {_taken}
               END,
               t.id IS NOT NULL,
               t.id IS NOT NULL AND (
                   (t.username, t.password_hash, t.status, t.last_login_at)
                   IS DISTINCT FROM (s.name, s.password_hash, s.status, s.last_login_at)
                   OR coalesce(t.created_at <> s.created_at, false)),
               s.name, s.password_hash, s.status, s.last_login_at, s.created_at, s.name <> s.username,
               s.created_at IS NULL OR s.has_lost_login
        FROM (SELECT *, normalize(btrim(coalesce(username, ''), {ImportTables.Spaces}), NFC) AS name FROM import_users) s
        LEFT JOIN users t ON t.id = s.id
        LEFT JOIN users o ON lower(o.username) COLLATE "C" = lower(s.name) COLLATE "C"
        """;

    // Of several the one whose name was right already, then the oldest.
    private static readonly string _twice =
        $"""
        UPDATE judged_users j SET reason = {_taken}
        FROM (SELECT id, row_number() OVER (
                         PARTITION BY lower(username) COLLATE "C" ORDER BY is_trimmed, created_at, id) AS place
              FROM judged_users WHERE {ImportTables.IsNew}) d
        WHERE d.id = j.id AND d.place > 1
        """;

    private const string Insert =
        $"""
        INSERT INTO users (id, username, password_hash, status, last_login_at, created_at)
        SELECT id, username, password_hash, status, last_login_at, coalesce(created_at, now())
        FROM judged_users WHERE {ImportTables.IsNew} ORDER BY id
        ON CONFLICT DO NOTHING
        """;

    // Somebody took the name after it was looked for.
    private static readonly string _late =
        $"""
        UPDATE judged_users j SET reason = {_taken}
        WHERE {ImportTables.IsNew} AND NOT EXISTS (SELECT FROM users u WHERE u.id = j.id)
        """;

    public static TableImport Value { get; } = new(
        ImportTables.Users, [_judge, _twice], [], Insert, [_late],
        ImportTables.Refused(ImportTables.Users, detail: "username")
        + ImportTables.Changed(ImportTables.Users, ChatImportReason.NameTrimmed, "is_trimmed", detail: "username")
        + ImportTables.Changed(ImportTables.Users, ChatImportReason.TimeFilled, "is_filled", detail: "username"));
}
