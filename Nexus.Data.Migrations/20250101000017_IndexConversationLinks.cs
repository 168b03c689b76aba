using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 017: indexes on the requests' links, each built without stopping writers, and so in a migration that holds nothing
/// else. No row changes.
/// </summary>
public sealed partial class IndexConversationLinks : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex(
            name: "idx_requests_link_answer",
            table: "api_requests",
            columns: new[] { "train_id", "answer_hash", "timestamp", "request_id" },
            filter: "answer_hash IS NOT NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_link_hash",
            table: "api_requests",
            columns: new[] { "train_id", "link_hash", "timestamp", "request_id" },
            filter: "link_hash IS NOT NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_parent_branch",
            table: "api_requests",
            columns: new[] { "parent_request_id", "branch_id" },
            filter: "parent_request_id IS NOT NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_retry_of",
            table: "api_requests",
            column: "retry_of_request_id",
            filter: "retry_of_request_id IS NOT NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_unlinked",
            table: "api_requests",
            columns: new[] { "train_id", "timestamp" },
            filter: "unlinked_because IS NOT NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_without_links",
            table: "api_requests",
            columns: new[] { "train_id", "current_message_hash", "timestamp", "request_id" },
            filter: "link_hash IS NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation",
            table: "api_requests",
            columns: new[] { "conversation_id", "branch_id", "timestamp", "request_id" },
            filter: "conversation_id IS NOT NULL")
            .Annotation("Npgsql:CreatedConcurrently", true);

        migrationBuilder.CreateIndex(
            name: "idx_requests_train_time",
            table: "api_requests",
            columns: new[] { "train_id", "timestamp", "request_id" })
            .Annotation("Npgsql:CreatedConcurrently", true);

        // The highest number of a conversation's sub-tasks. Nine digits: other programs' names may have more.
        migrationBuilder.CreateExpressionIndex(
            name: "idx_requests_subtask_number",
            table: "api_requests",
            expressions: "conversation_id, (substring(branch_id from '^subtask_([0-9]{1,9})$')::integer) DESC",
            filter: "branch_id LIKE 'subtask_%'",
            concurrently: true);
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_requests_conversation",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_train_time",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_subtask_number",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_link_answer",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_link_hash",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_parent_branch",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_retry_of",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_unlinked",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_without_links",
            table: "api_requests");
    }
}
