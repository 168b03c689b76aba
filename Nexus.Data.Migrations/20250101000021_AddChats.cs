using System;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 021: sessions of the coding assistant with the states that they go on from, rooms of the team with their people, and the
/// messages of both. Undone, all of them are dropped.
/// </summary>
public sealed partial class AddChats : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            name: "users",
            columns: table => new
            {
                id = table.Column<Guid>(
                    type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                username = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The name, unique without regard to case."),
                password_hash = table.Column<string>(
                    type: "text", nullable: true,
                    comment: "What a password is verified by; null where nobody can log in by one; a secret."),
                status = table.Column<string>(
                    type: "character varying(20)", maxLength: 20, nullable: false, defaultValue: "active",
                    comment: "Whether the person may take part: active or disabled."),
                last_login_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: true,
                    comment: "When the person last logged in."),
                created_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "now()",
                    comment: "When the person was added."),
                anonymized_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: true,
                    comment: "When the person went, whose messages stayed.")
            },
            constraints: table =>
            {
                table.PrimaryKey("users_pkey", x => x.id);
                table.CheckConstraint(
                    "users_anonymized_check",
                    "anonymized_at IS NULL OR (password_hash IS NULL AND status = 'disabled')");
                table.CheckConstraint("users_status_check", "status IN ('active', 'disabled')");
                table.CheckConstraint("users_username_check", "username <> '' AND username = btrim(username)");
            },
            comment: "People of the team chat.");

        migrationBuilder.CreateTable(
            name: "chats",
            columns: table => new
            {
                id = table.Column<Guid>(
                    type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                kind = table.Column<string>(
                    type: "character varying(20)", maxLength: 20, nullable: false,
                    comment: "Which kind it is: repository, direct or group."),
                created_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "now()",
                    comment: "When it was made."),
                updated_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "now()",
                    comment: "When what is said of it was last changed."),
                last_accessed_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "now()",
                    comment: "When it was last opened or written to."),
                last_sequence = table.Column<long>(
                    type: "bigint", nullable: false, defaultValue: 0L,
                    comment: "The number of its newest message."),
                low_user_id = table.Column<Guid>(
                    type: "uuid", nullable: true,
                    comment: "Of two people the one whose identifier comes first."),
                high_user_id = table.Column<Guid>(type: "uuid", nullable: true, comment: "The other one."),
                topic = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "What a group is about."),
                created_by_user_id = table.Column<Guid>(type: "uuid", nullable: true, comment: "Who made a group."),
                title = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "What the sidebar shows."),
                repository_name = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "The repository's name."),
                repository_full_name = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "The name with its owner."),
                active_issue_number = table.Column<int>(
                    type: "integer", nullable: true,
                    comment: "The issue that is worked on."),
                active_issue_title = table.Column<string>(type: "text", nullable: true, comment: "That issue's title."),
                active_issue_url = table.Column<string>(type: "text", nullable: true, comment: "That issue's address."),
                quiet_mode = table.Column<bool>(
                    type: "boolean", nullable: true,
                    comment: "Whether the assistant keeps silent.")
            },
            constraints: table =>
            {
                table.PrimaryKey("chats_pkey", x => x.id);
                table.CheckConstraint("chats_kind_check", "kind IN ('repository', 'direct', 'group')");
                table.CheckConstraint("chats_last_sequence_check", "last_sequence >= 0");
                table.CheckConstraint(
                    "chats_shape_check",
                    """
                    CASE kind
                    WHEN 'repository' THEN num_nulls(title, repository_name, repository_full_name, quiet_mode) = 0
                        AND num_nonnulls(low_user_id, high_user_id, topic, created_by_user_id) = 0
                        AND (active_issue_number IS NOT NULL OR num_nonnulls(active_issue_title, active_issue_url) = 0)
                    WHEN 'direct' THEN num_nulls(low_user_id, high_user_id) = 0 AND low_user_id < high_user_id
                        AND num_nonnulls(title, repository_name, repository_full_name, quiet_mode, active_issue_number, active_issue_title,
                                         active_issue_url, topic, created_by_user_id) = 0
                    ELSE num_nonnulls(title, repository_name, repository_full_name, quiet_mode, active_issue_number, active_issue_title,
                                      active_issue_url, low_user_id, high_user_id) = 0
                    END
                    """);
                table.CheckConstraint(
                    "chats_text_check",
                    "title <> '' AND repository_name <> '' AND repository_full_name <> '' AND topic <> ''");
                table.ForeignKey(
                    name: "chats_created_by_user_id_fkey",
                    column: x => x.created_by_user_id,
                    principalTable: "users",
                    principalColumn: "id",
                    onDelete: ReferentialAction.SetNull);
                table.ForeignKey(
                    name: "chats_high_user_id_fkey",
                    column: x => x.high_user_id,
                    principalTable: "users",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Restrict);
                table.ForeignKey(
                    name: "chats_low_user_id_fkey",
                    column: x => x.low_user_id,
                    principalTable: "users",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Restrict);
            },
            comment: "Sessions of the coding assistant, and rooms of the team.");

        migrationBuilder.CreateTable(
            name: "chat_members",
            columns: table => new
            {
                chat_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The chat."),
                user_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The person."),
                role = table.Column<string>(
                    type: "character varying(20)", maxLength: 20, nullable: false, defaultValue: "member",
                    comment: "What the person may do: member or admin."),
                joined_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "now()",
                    comment: "When the person was added."),
                last_read_sequence = table.Column<long>(
                    type: "bigint", nullable: false, defaultValue: 0L,
                    comment: "The number of the last message that the person has read."),
                unread_gaps = table.Column<int>(
                    type: "integer", nullable: false, defaultValue: 0,
                    comment: "How many numbers after it have no message any more.")
            },
            constraints: table =>
            {
                table.PrimaryKey("chat_members_pkey", x => new { x.chat_id, x.user_id });
                table.CheckConstraint("chat_members_read_check", "last_read_sequence >= 0 AND unread_gaps >= 0");
                table.CheckConstraint("chat_members_role_check", "role IN ('member', 'admin')");
                table.ForeignKey(
                    name: "chat_members_chat_id_fkey",
                    column: x => x.chat_id,
                    principalTable: "chats",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
                table.ForeignKey(
                    name: "chat_members_user_id_fkey",
                    column: x => x.user_id,
                    principalTable: "users",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
            },
            comment: "Who is in a direct or group chat, and how far each has read.");

        migrationBuilder.CreateTable(
            name: "chat_snapshots",
            columns: table => new
            {
                id = table.Column<Guid>(
                    type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                chat_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The chat."),
                version = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "Which of the chat's snapshots."),
                transcriptions = table.Column<string>(
                    type: "jsonb", nullable: false, defaultValueSql: "'[]'::jsonb",
                    comment: "What was said or typed."),
                function_results = table.Column<string>(
                    type: "jsonb", nullable: false, defaultValueSql: "'[]'::jsonb",
                    comment: "What functions gave."),
                claude_streaming_texts = table.Column<string>(
                    type: "jsonb", nullable: false, defaultValueSql: "'[]'::jsonb",
                    comment: "What the coding assistant said."),
                claude_todo_writes = table.Column<string>(
                    type: "jsonb", nullable: false, defaultValueSql: "'[]'::jsonb",
                    comment: "The coding assistant's lists of what is to be done."),
                repository_issues = table.Column<string>(
                    type: "jsonb", nullable: false, defaultValueSql: "'[]'::jsonb",
                    comment: "The repository's issues."),
                claude_session_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "The coding assistant's session."),
                created_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()",
                    comment: "When it was stored.")
            },
            constraints: table =>
            {
                table.PrimaryKey("chat_snapshots_pkey", x => x.id);
                table.CheckConstraint(
                    "chat_snapshots_arrays_check",
                    """
                    jsonb_typeof(transcriptions) = 'array' AND jsonb_typeof(function_results) = 'array'
                    AND jsonb_typeof(claude_streaming_texts) = 'array' AND jsonb_typeof(claude_todo_writes) = 'array'
                    AND jsonb_typeof(repository_issues) = 'array'
                    """);
                table.CheckConstraint("chat_snapshots_version_check", "version > 0");
                table.ForeignKey(
                    name: "chat_snapshots_chat_id_fkey",
                    column: x => x.chat_id,
                    principalTable: "chats",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
            },
            comment: "States of repository chats, from which a session goes on.");

        migrationBuilder.CreateTable(
            name: "messages",
            columns: table => new
            {
                id = table.Column<Guid>(
                    type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                chat_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The chat."),
                type = table.Column<string>(
                    type: "character varying(50)", maxLength: 50, nullable: false,
                    comment: "Whose line it is."),
                content = table.Column<string>(type: "text", nullable: false, comment: "The text."),
                metadata = table.Column<string>(type: "jsonb", nullable: true, comment: "What else is known of it."),
                created_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false, defaultValueSql: "clock_timestamp()",
                    comment: "When it was written."),
                sender_id = table.Column<Guid>(type: "uuid", nullable: true, comment: "The person who wrote it."),
                idempotency_key = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "Under which it is stored once in its chat."),
                request_id = table.Column<Guid>(
                    type: "uuid", nullable: true,
                    comment: "The request of the proxy that produced it."),
                sequence = table.Column<long>(type: "bigint", nullable: false, comment: "Its number in the chat."),
                written_in = table.Column<ulong>(
                    type: "xid8", nullable: false, defaultValueSql: "pg_current_xact_id()",
                    comment: "The transaction that wrote it, for the change feed.")
            },
            constraints: table =>
            {
                table.PrimaryKey("messages_pkey", x => x.id);
                table.CheckConstraint("messages_content_check", "content <> ''");
                table.CheckConstraint("messages_idempotency_key_check", "idempotency_key <> ''");
                table.CheckConstraint("messages_metadata_check", "jsonb_typeof(metadata) = 'object'");
                table.CheckConstraint("messages_sender_check", "sender_id IS NULL OR type = 'user'");
                table.CheckConstraint("messages_sequence_check", "sequence > 0");
                table.CheckConstraint(
                    "messages_type_check",
                    "type IN ('user', 'openai', 'claude', 'claude_streaming', 'claude_todowrite', 'system', 'function_result', 'error')");
                table.ForeignKey(
                    name: "messages_chat_id_fkey",
                    column: x => x.chat_id,
                    principalTable: "chats",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
                table.ForeignKey(
                    name: "messages_sender_id_fkey",
                    column: x => x.sender_id,
                    principalTable: "users",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Restrict);
            },
            comment: "Lines of chats.");

        // Names are unique without regard to case; people are found by how their names begin.
        migrationBuilder.CreateExpressionIndex(
            name: "users_username_key",
            table: "users",
            expressions: "(lower(username) COLLATE \"C\")",
            unique: true);

        migrationBuilder.CreateIndex(
            name: "idx_chat_members_user_id",
            table: "chat_members",
            columns: new[] { "user_id", "chat_id" });

        migrationBuilder.CreateIndex(
            name: "chat_snapshots_version_key",
            table: "chat_snapshots",
            columns: new[] { "chat_id", "version" },
            unique: true);

        migrationBuilder.CreateIndex(
            name: "chats_direct_pair_key",
            table: "chats",
            columns: new[] { "low_user_id", "high_user_id" },
            unique: true,
            filter: "kind = 'direct'");

        migrationBuilder.CreateIndex(
            name: "idx_chats_created_by_user_id",
            table: "chats",
            column: "created_by_user_id",
            filter: "created_by_user_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_chats_high_user_id",
            table: "chats",
            column: "high_user_id",
            filter: "kind = 'direct'");

        migrationBuilder.CreateIndex(
            name: "idx_chats_last_accessed_at",
            table: "chats",
            columns: new[] { "last_accessed_at", "id" },
            descending: new bool[0],
            filter: "kind = 'repository'");

        migrationBuilder.CreateIndex(
            name: "idx_chats_repository_full_name",
            table: "chats",
            columns: new[] { "repository_full_name", "last_accessed_at", "id" },
            descending: new[] { false, true, true },
            filter: "kind = 'repository'");

        migrationBuilder.CreateIndex(
            name: "idx_messages_request_id",
            table: "messages",
            column: "request_id",
            filter: "request_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_messages_sender_id",
            table: "messages",
            column: "sender_id",
            filter: "sender_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_messages_timeline",
            table: "messages",
            columns: new[] { "chat_id", "created_at", "id" });

        // The chat is a word like others, so that one index finds a chat's messages with some words. Of a long text the beginning:
        // the server makes no words of more than a megabyte.
        migrationBuilder.CreateExpressionIndex(
            name: "idx_messages_words",
            table: "messages",
            expressions: "(to_tsvector('simple', left(content, 100000)) || array_to_tsvector(ARRAY['chat:' || chat_id::text]))",
            method: "gin");

        migrationBuilder.CreateIndex(
            name: "idx_messages_written_in",
            table: "messages",
            columns: new[] { "written_in", "id" });

        migrationBuilder.CreateIndex(
            name: "messages_idempotency_key",
            table: "messages",
            columns: new[] { "chat_id", "idempotency_key" },
            unique: true,
            filter: "idempotency_key IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "messages_sequence_key",
            table: "messages",
            columns: new[] { "chat_id", "sequence" },
            unique: true);
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropTable(
            name: "chat_members");

        migrationBuilder.DropTable(
            name: "chat_snapshots");

        migrationBuilder.DropTable(
            name: "messages");

        migrationBuilder.DropTable(
            name: "chats");

        migrationBuilder.DropTable(
            name: "users");
    }
}
