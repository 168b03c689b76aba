using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 012: what was called domain is called train. Renames columns and indexes, the statistics' too, and refreshes the
/// statistics; loses nothing.
/// </summary>
public sealed partial class TrainIdMigration : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.RenameColumn(
            name: "domain",
            table: "api_requests",
            newName: "train_id");

        migrationBuilder.RenameIndex(
            name: "idx_api_requests_domain_timestamp_response",
            table: "api_requests",
            newName: "idx_api_requests_train_timestamp_response");

        migrationBuilder.RenameIndex(
            name: "idx_api_requests_domain",
            table: "api_requests",
            newName: "idx_api_requests_train_id");

        migrationBuilder.RenameColumn(
            name: "domain",
            table: "analysis_audit_log",
            newName: "train_id");

        migrationBuilder.RenameIndex(
            name: "idx_audit_domain",
            table: "analysis_audit_log",
            newName: "idx_audit_train");

        migrationBuilder.Script("012_TrainIdMigration.up.sql");

        // A database that had the new names from the start did not get these on the way.
        migrationBuilder.CreateIndex(
            name: "idx_api_requests_train_id",
            table: "api_requests",
            column: "train_id")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_train_timestamp_response",
            table: "api_requests",
            columns: new[] { "train_id", "timestamp" },
            descending: new[] { false, true },
            filter: "response_body IS NOT NULL")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_audit_train",
            table: "analysis_audit_log",
            column: "train_id");

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_detail",
            table: "api_requests",
            columns: new[]
            {
                "conversation_id", "timestamp", "request_id", "train_id", "model", "input_tokens", "output_tokens",
                "branch_id",
            },
            filter: "conversation_id IS NOT NULL")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.RenameColumn(
            name: "train_id",
            table: "api_requests",
            newName: "domain");

        migrationBuilder.RenameIndex(
            name: "idx_api_requests_train_timestamp_response",
            table: "api_requests",
            newName: "idx_api_requests_domain_timestamp_response");

        migrationBuilder.RenameIndex(
            name: "idx_api_requests_train_id",
            table: "api_requests",
            newName: "idx_api_requests_domain");

        migrationBuilder.RenameColumn(
            name: "train_id",
            table: "analysis_audit_log",
            newName: "domain");

        migrationBuilder.RenameIndex(
            name: "idx_audit_train",
            table: "analysis_audit_log",
            newName: "idx_audit_domain");

        migrationBuilder.Script("012_TrainIdMigration.down.sql");
    }
}
