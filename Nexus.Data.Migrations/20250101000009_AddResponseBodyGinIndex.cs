using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>009: an index over whole answers. No row changes.</summary>
public sealed partial class AddResponseBodyGinIndex : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateIndex(
            name: "idx_api_requests_response_body_gin",
            table: "api_requests",
            column: "response_body")
            .Annotation("Npgsql:IndexMethod", "gin")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_api_requests_response_body_gin",
            table: "api_requests");
    }
}
