using System;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 015: what linking a request leaves behind, the bytes of bodies that <c>jsonb</c> cannot hold, what requests wait for,
/// and the functions <c>find_links</c> and <c>find_summaries</c> that linking looks up with. Rows that exist are linked
/// later, by a rebuild. Undone, it drops what the columns and tables hold.
/// </summary>
public sealed partial class AddConversationLinks : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<byte[]>(
            name: "answer_hash",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "Hash of the messages with their answer, as the next turn repeats them.");

        migrationBuilder.AddColumn<byte[]>(
            name: "body_original",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "The bytes of the request body, where kept.");

        migrationBuilder.AddColumn<bool>(
            name: "claims_branch",
            table: "api_requests",
            type: "boolean",
            nullable: true,
            comment: "Whether the request takes or forks a branch.");

        migrationBuilder.AddColumn<bool>(
            name: "is_altered",
            table: "api_requests",
            type: "boolean",
            nullable: false,
            defaultValue: false,
            comment: "Whether jsonb could not hold a body as it came.");

        migrationBuilder.AddColumn<int>(
            name: "link_candidates",
            table: "api_requests",
            type: "integer",
            nullable: true,
            comment: "Possible parents, counted to 100.");

        migrationBuilder.AddColumn<int>(
            name: "link_distance",
            table: "api_requests",
            type: "integer",
            nullable: true,
            comment: "Answers between the parent and this request.");

        migrationBuilder.AddColumn<byte[]>(
            name: "link_facts",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "What else linking reads off the bodies, so that a rebuild need not.");

        migrationBuilder.AddColumn<byte[]>(
            name: "link_hash",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "Our hash of the counted messages.");

        migrationBuilder.AddColumn<string>(
            name: "link_kind",
            table: "api_requests",
            type: "character varying(20)",
            maxLength: 20,
            nullable: true,
            comment: "How the request was linked.");

        migrationBuilder.AddColumn<short>(
            name: "link_version",
            table: "api_requests",
            type: "smallint",
            nullable: true,
            comment: "Version of the rules that made link_hash.");

        migrationBuilder.AddColumn<byte[]>(
            name: "response_body_original",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "The bytes of the answer's body, where kept.");

        migrationBuilder.AddColumn<Guid>(
            name: "retry_of_request_id",
            table: "api_requests",
            type: "uuid",
            nullable: true,
            comment: "The first request that this one repeats.");

        migrationBuilder.AddColumn<byte[]>(
            name: "stable_system_hash",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "Hash of the system prompt without its volatile parts.");

        migrationBuilder.AddColumn<string>(
            name: "unlinked_because",
            table: "api_requests",
            type: "character varying(255)",
            maxLength: 255,
            nullable: true,
            comment: "Why the request waits to be linked; null where it is linked.");

        migrationBuilder.AddColumn<byte[]>(
            name: "user_id_hash",
            table: "api_requests",
            type: "bytea",
            nullable: true,
            comment: "Hash of the user id in the body's metadata.");

        migrationBuilder.CreateTable(
            name: "link_waits",
            columns: table => new
            {
                request_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The request that waits."),
                key = table.Column<byte[]>(type: "bytea", nullable: false, comment: "Hash of what it waits for."),
                train_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The request's train."),
                timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false,
                    comment: "The request's time.")
            },
            constraints: table =>
            {
                table.PrimaryKey("link_waits_pkey", x => new { x.request_id, x.key });
            },
            comment: "What requests without a near parent wait for, should it be stored late.");

        migrationBuilder.CreateTable(
            name: "summary_keys",
            columns: table => new
            {
                request_id = table.Column<Guid>(type: "uuid", nullable: false,
                    comment: "The request whose answer holds the text."),
                key = table.Column<byte[]>(type: "bytea", nullable: false,
                    comment: "Hash of the text's first 40 normalised characters."),
                train_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The request's train."),
                timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false,
                    comment: "The request's time.")
            },
            constraints: table =>
            {
                table.PrimaryKey("summary_keys_pkey", x => new { x.request_id, x.key });
            },
            comment: "How the texts of answers begin, to find summaries by.");

        migrationBuilder.CreateTable(
            name: "task_prompts",
            columns: table => new
            {
                request_id = table.Column<Guid>(type: "uuid", nullable: false,
                    comment: "The request whose answer holds the tool use."),
                ordinal = table.Column<int>(type: "integer", nullable: false,
                    comment: "Place among the answer's tool uses, from 0."),
                train_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The request's train."),
                timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false,
                    comment: "The request's time."),
                tool_use_id = table.Column<string>(type: "text", nullable: true, comment: "The tool use's identifier."),
                prompt_hash = table.Column<byte[]>(type: "bytea", nullable: false,
                    comment: "SHA-256 of the prompt as it is compared."),
                subtask_request_id = table.Column<Guid>(type: "uuid", nullable: true,
                    comment: "The request that opened the sub-task.")
            },
            constraints: table =>
            {
                table.PrimaryKey("task_prompts_pkey", x => new { x.request_id, x.ordinal });
            },
            comment: "Sub-tasks that answers asked for, one row a tool use.");

        migrationBuilder.AddCheckConstraint(
            name: "api_requests_link_kind_check",
            table: "api_requests",
            sql: "link_kind IN ('root', 'exact', 'system_changed', 'summarization', "
                + "'ancestor', 'continuation', 'subtask', 'retry')");

        migrationBuilder.CreateIndex(
            name: "idx_link_waits_key",
            table: "link_waits",
            columns: new[] { "train_id", "key", "timestamp", "request_id" });

        migrationBuilder.CreateIndex(
            name: "idx_summary_keys_key",
            table: "summary_keys",
            columns: new[] { "train_id", "key", "timestamp", "request_id" });

        migrationBuilder.CreateIndex(
            name: "idx_task_prompts_open",
            table: "task_prompts",
            columns: new[] { "train_id", "prompt_hash", "timestamp", "request_id", "ordinal" },
            descending: new[] { false, false, true, true, false },
            filter: "subtask_request_id IS NULL");

        migrationBuilder.Script("015_AddConversationLinks.up.sql");
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Script("015_AddConversationLinks.down.sql");

        migrationBuilder.DropTable(
            name: "link_waits");

        migrationBuilder.DropTable(
            name: "summary_keys");

        migrationBuilder.DropTable(
            name: "task_prompts");

        migrationBuilder.DropCheckConstraint(
            name: "api_requests_link_kind_check",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "answer_hash",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "body_original",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "claims_branch",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "is_altered",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "link_candidates",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "link_distance",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "link_facts",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "link_hash",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "link_kind",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "link_version",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "response_body_original",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "retry_of_request_id",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "stable_system_hash",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "unlinked_because",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "user_id_hash",
            table: "api_requests");
    }
}
