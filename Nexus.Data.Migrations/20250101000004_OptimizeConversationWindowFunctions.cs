using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>004: indexes for window functions over conversations. No row changes.</summary>
public sealed partial class OptimizeConversationWindowFunctions : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_timestamp",
            table: "api_requests");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_subtask",
            table: "api_requests",
            columns: new[] { "conversation_id", "is_subtask", "timestamp", "request_id" },
            filter: "conversation_id IS NOT NULL")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_timestamp_id",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp", "request_id" },
            descending: new[] { false, true, true },
            filter: "conversation_id IS NOT NULL")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_request_id",
            table: "api_requests",
            column: "request_id")
            .DroppedLater();

        // Statistics of an empty table would have plans made that read all of a full one.
        migrationBuilder.Sql("""
            DO $nexus$
            BEGIN
                IF EXISTS (SELECT FROM api_requests) THEN
                    ANALYZE api_requests;
                END IF;
            END $nexus$;
            """);
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_subtask",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_timestamp_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_request_id",
            table: "api_requests");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_timestamp",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp" },
            filter: "conversation_id IS NOT NULL");
    }
}
