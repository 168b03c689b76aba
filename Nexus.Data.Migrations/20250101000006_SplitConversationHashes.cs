using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 006: the hash of the system prompt, apart from that of the messages. Rows that exist get none. Undone, it drops
/// what the column holds.
/// </summary>
public sealed partial class SplitConversationHashes : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>(
            name: "system_hash",
            table: "api_requests",
            type: "character varying(64)",
            maxLength: 64,
            nullable: true,
            comment: "Compatible hash of the system prompt.");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_system_hash",
            table: "api_requests",
            column: "system_hash")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_api_requests_system_hash",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "system_hash",
            table: "api_requests");
    }
}
