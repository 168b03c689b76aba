using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Persistence.Migrations.NexusMigrationsSqlGenerator;

namespace Nexus.Data.Migrations;

/// <summary>
/// 002: indexes for lists of conversations. The original's covering index named a column that no step makes: this one
/// covers the tokens. No row changes.
/// </summary>
public sealed partial class OptimizeConversationIndexes : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_detail",
            table: "api_requests",
            columns: new[]
            {
                "conversation_id", "timestamp", "request_id", "domain", "model", "input_tokens", "output_tokens",
                "branch_id",
            },
            filter: "conversation_id IS NOT NULL")
            .Annotation(LaterName, "idx_requests_conversation_detail")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_timestamp",
            table: "api_requests",
            columns: new[] { "conversation_id", "timestamp" },
            filter: "conversation_id IS NOT NULL")
            .Annotation(LaterName, "idx_requests_conversation_timestamp_id")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_detail",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_timestamp",
            table: "api_requests");
    }
}
