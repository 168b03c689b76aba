namespace Nexus.Data.Tests.Chats.Importing;

/// <summary>The tables of the programs before us, and rows in them.</summary>
internal static class OldPrograms
{
    /// <summary>An identifier by a number.</summary>
    public static Guid Id(int number) => new($"00000000-0000-0000-0000-{number:D12}");

    /// <summary>A time by its minute.</summary>
    public static DateTimeOffset At(int minute) => new DateTimeOffset(2025, 3, 1, 12, 0, 0, TimeSpan.Zero).AddMinutes(minute);

    public static string Opchat(string schema, bool hasKeys = true)
        => $"""
            CREATE SCHEMA IF NOT EXISTS {schema};
            SET LOCAL search_path = {schema};
            CREATE TYPE userstatus AS ENUM ('ACTIVE', 'DISABLED');
            CREATE TYPE memberrole AS ENUM ('MEMBER', 'ADMIN');
            CREATE TABLE "user" (
                id uuid PRIMARY KEY, username varchar NOT NULL, password_hash varchar NOT NULL, status userstatus NOT NULL,
                last_login_at timestamptz, created_at timestamptz NOT NULL);
            CREATE UNIQUE INDEX ix_user_username ON "user" (username);
            CREATE TABLE chat (id uuid PRIMARY KEY, type varchar(50) NOT NULL, created_at timestamptz NOT NULL);
            CREATE TABLE direct_message (id uuid PRIMARY KEY REFERENCES chat, dm_key varchar NOT NULL UNIQUE);
            CREATE TABLE group_chat (id uuid PRIMARY KEY REFERENCES chat, topic varchar);
            CREATE TABLE membership (
                id bigserial PRIMARY KEY, chat_id uuid NOT NULL REFERENCES chat ON DELETE CASCADE,
                user_id uuid NOT NULL REFERENCES "user" ON DELETE CASCADE, role memberrole NOT NULL, joined_at timestamptz NOT NULL,
                UNIQUE (chat_id, user_id));
            CREATE TABLE message (
                id uuid PRIMARY KEY, chat_id uuid NOT NULL REFERENCES chat ON DELETE CASCADE,
                sender_id uuid NOT NULL REFERENCES "user", content varchar NOT NULL, created_at timestamptz NOT NULL
                {(hasKeys ? ", idempotency_key varchar" : "")});
            CREATE INDEX ix_message_idempotency_key ON message ({(hasKeys ? "idempotency_key" : "id")});
            {Readable(schema)}
            """;

    public static string Relay(string schema, bool hasSessions = true)
        => $"""
            CREATE SCHEMA IF NOT EXISTS {schema};
            SET LOCAL search_path = {schema};
            CREATE TABLE chats (
                id uuid PRIMARY KEY, title varchar(255) NOT NULL, repository_name varchar(255) NOT NULL,
                repository_full_name varchar(255) NOT NULL, created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
                last_accessed_at timestamptz DEFAULT now(), active_issue_number integer, active_issue_title text,
                active_issue_url text, quiet_mode boolean DEFAULT false);
            CREATE TABLE messages (
                id uuid PRIMARY KEY, chat_id uuid NOT NULL REFERENCES chats ON DELETE CASCADE, type varchar(50) NOT NULL,
                content text NOT NULL, metadata jsonb, created_at timestamptz DEFAULT now());
            CREATE TABLE chat_snapshots (
                id uuid PRIMARY KEY, chat_id uuid NOT NULL REFERENCES chats ON DELETE CASCADE, transcriptions jsonb,
                function_results jsonb, claude_streaming_texts jsonb, claude_todo_writes jsonb, repository_issues jsonb,
                created_at timestamptz DEFAULT now() {(hasSessions ? ", claude_session_id varchar(255)" : "")});
            {Readable(schema)}
            """;

    public static string User(int id, string name, string status = "ACTIVE", int? login = null)
        => $"""
            INSERT INTO "user" VALUES ('{Id(id)}', {Text(name)}, '$2b$12$hash-of-{id}', '{status}', {Time(login)}, {Time(id)});
            """;

    public static string Direct(int id, int first, int second) => Direct(id, $"{Id(first)}::{Id(second)}");

    public static string Direct(int id, string key)
        => $"""
            INSERT INTO chat VALUES ('{Id(id)}', 'dm', {Time(id)}); INSERT INTO direct_message VALUES ('{Id(id)}', {Text(key)});
            """;

    public static string Group(int id, string? topic)
        => $"""
            INSERT INTO chat VALUES ('{Id(id)}', 'group', {Time(id)}); INSERT INTO group_chat VALUES ('{Id(id)}', {Text(topic)});
            """;

    public static string Member(int chat, int user, string role = "MEMBER", int joined = 0)
        => $"""
            INSERT INTO membership (chat_id, user_id, role, joined_at) VALUES ('{Id(chat)}', '{Id(user)}', '{role}', {Time(joined)});
            """;

    public static string Line(int id, int chat, int sender, string content, int minute)
        => $"""
            INSERT INTO message VALUES ('{Id(id)}', '{Id(chat)}', '{Id(sender)}', {Text(content)}, {Time(minute)});
            """;

    public static string KeyedLine(int id, int chat, int sender, string key, int minute)
        => $"""
            INSERT INTO message VALUES ('{Id(id)}', '{Id(chat)}', '{Id(sender)}', 'Line {id}', {Time(minute)}, {Text(key)});
            """;

    public static string Session(int id, string title, string repository = "nexus")
        => $"""
            INSERT INTO chats VALUES (
                '{Id(id)}', {Text(title)}, {Text(repository)}, {Text("octo/" + repository)}, {Time(id)}, {Time(id + 1)}, {Time(id + 2)},
                NULL, NULL, NULL, NULL);
            """;

    public static string Said(int id, int chat, string type, string content, int? minute, string? metadata = null)
        => $"""
            INSERT INTO messages VALUES ('{Id(id)}', '{Id(chat)}', '{type}', {Text(content)}, {Text(metadata)}, {Time(minute)});
            """;

    public static string Snapshot(int id, int chat, int? minute, string? transcriptions = null)
        => $"""
            INSERT INTO chat_snapshots (id, chat_id, transcriptions, created_at)
            VALUES ('{Id(id)}', '{Id(chat)}', {Text(transcriptions)}, {Time(minute)});
            """;

    public static string Text(string? text) => text is null ? "NULL" : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Time(int? minute) => minute is { } number ? $"'{At(number):O}'" : "NULL";

    private static string Readable(string schema)
        => $"GRANT USAGE ON SCHEMA {schema} TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO PUBLIC;";
}
