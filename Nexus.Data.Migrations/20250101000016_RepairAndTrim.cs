using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 016: mends what the sequence left broken. The statistics can be refreshed, without locking out their readers and by the
/// application's role. Indexes that repeat others, or serve no query of the library, are gone from <c>api_requests</c>, those of
/// the original's bootstrap file with them, and so are the foreign keys of requests to requests, for which no old request
/// could be deleted. Databases of either origin get the same columns, defaults and nullabilities; <c>total_tokens</c> is
/// filled where it is not known. Undone, it drops <c>total_tokens</c> and <c>first_token_ms</c>, and requires that parents are there.
/// </summary>
public sealed partial class RepairAndTrim : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropForeignKey(
            name: "api_requests_parent_request_id_fkey",
            table: "api_requests");

        migrationBuilder.DropForeignKey(
            name: "api_requests_parent_task_request_id_fkey",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_conv_id_timestamp",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_model",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_parent_request_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_request_type",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_response_body_gin",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_response_body_task",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_system_hash",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_task_name",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_timestamp",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_train_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_train_timestamp_response",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_account_timestamp",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_branch_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_branch",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_detail",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_subtask",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_timestamp_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_current_message_hash",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_is_subtask",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_message_count",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_parent_message_hash",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_parent_task_request_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_request_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_task_tool_invocation_gin",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_subtask_seq",
            table: "api_requests");

        migrationBuilder.AddColumn<int>(
            name: "first_token_ms",
            table: "api_requests",
            type: "integer",
            nullable: true,
            comment: "Milliseconds from the call to the first piece of its answer.");

        migrationBuilder.AddColumn<int>(
            name: "total_tokens",
            table: "api_requests",
            type: "integer",
            nullable: true,
            comment: "Tokens read and written, without the cache's.");

        migrationBuilder.Script("016_RepairAndTrim.up.sql")
            .ChangesRows("api_requests", "fills total_tokens where it is null and tokens are known, and headers that are null")
            .Widens("api_requests", "path", 1024);
        migrationBuilder.Script("016_HourlyStats.up.sql");
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Script("016_RepairAndTrim.down.sql");

        migrationBuilder.DropColumn(
            name: "first_token_ms",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "total_tokens",
            table: "api_requests");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_conv_id_timestamp",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp" });

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_model",
            table: "api_requests",
            column: "model");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_parent_request_id",
            table: "api_requests",
            column: "parent_request_id");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_request_type",
            table: "api_requests",
            column: "request_type");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_response_body_gin",
            table: "api_requests",
            column: "response_body")
            .Annotation("Npgsql:IndexMethod", "gin");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_response_body_task",
            table: "api_requests",
            column: "response_body",
            filter: "response_body IS NOT NULL")
            .Annotation("Npgsql:IndexMethod", "gin");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_system_hash",
            table: "api_requests",
            column: "system_hash");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_timestamp",
            table: "api_requests",
            column: "timestamp");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_train_id",
            table: "api_requests",
            column: "train_id");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_train_timestamp_response",
            table: "api_requests",
            columns: new[] { "train_id", "timestamp" },
            descending: new[] { false, true },
            filter: "response_body IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_requests_account_timestamp",
            table: "api_requests",
            columns: new[] { "account_id", "timestamp" },
            descending: new[] { false, true },
            filter: "account_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_requests_branch_id",
            table: "api_requests",
            column: "branch_id");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_branch",
            table: "api_requests",
            columns: new[] { "conversation_id", "branch_id" });

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_detail",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp", "request_id", "train_id", "model", "input_tokens", "output_tokens", "branch_id" },
            filter: "conversation_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_id",
            table: "api_requests",
            column: "conversation_id");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_subtask",
            table: "api_requests",
            columns: new[] { "conversation_id", "is_subtask", "timestamp", "request_id" },
            filter: "conversation_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_timestamp_id",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp", "request_id" },
            descending: new[] { false, true, true },
            filter: "conversation_id IS NOT NULL");

        migrationBuilder.CreateIndex(
            name: "idx_requests_current_message_hash",
            table: "api_requests",
            column: "current_message_hash");

        migrationBuilder.CreateIndex(
            name: "idx_requests_is_subtask",
            table: "api_requests",
            column: "is_subtask");

        migrationBuilder.CreateIndex(
            name: "idx_requests_message_count",
            table: "api_requests",
            column: "message_count");

        migrationBuilder.CreateIndex(
            name: "idx_requests_parent_message_hash",
            table: "api_requests",
            column: "parent_message_hash");

        migrationBuilder.CreateIndex(
            name: "idx_requests_parent_task_request_id",
            table: "api_requests",
            column: "parent_task_request_id");

        migrationBuilder.CreateIndex(
            name: "idx_requests_request_id",
            table: "api_requests",
            column: "request_id");

        migrationBuilder.CreateIndex(
            name: "idx_requests_task_tool_invocation_gin",
            table: "api_requests",
            column: "task_tool_invocation",
            filter: "task_tool_invocation IS NOT NULL")
            .Annotation("Npgsql:IndexMethod", "gin");

        migrationBuilder.CreateIndex(
            name: "idx_subtask_seq",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp" },
            filter: "branch_id LIKE 'subtask_%'");

        migrationBuilder.AddForeignKey(
            name: "api_requests_parent_request_id_fkey",
            table: "api_requests",
            column: "parent_request_id",
            principalTable: "api_requests",
            principalColumn: "request_id");

        migrationBuilder.AddForeignKey(
            name: "api_requests_parent_task_request_id_fkey",
            table: "api_requests",
            column: "parent_task_request_id",
            principalTable: "api_requests",
            principalColumn: "request_id");
    }
}
