using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>010: indexes for sub-task numbers and for conversations by time. No row changes.</summary>
public sealed partial class AddTemporalAwarenessIndexes : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex(
            name: "idx_api_requests_conv_id_timestamp",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp" })
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_subtask_seq",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp" },
            filter: "branch_id LIKE 'subtask_%'")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_api_requests_conv_id_timestamp",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_subtask_seq",
            table: "api_requests");
    }
}
