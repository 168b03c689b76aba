using System;
using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 007: the parent of a request. Filled with the newest earlier request of the same train and conversation whose
/// messages it goes on from, where this run makes the column. Undone, it drops what the column holds; the hashes it
/// was filled from stay.
/// </summary>
public sealed partial class AddParentRequestId : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoColumn("api_requests", "parent_request_id");
        migrationBuilder.RememberWhetherNew("007", isNew);

        migrationBuilder.AddColumn<Guid>(
            name: "parent_request_id",
            table: "api_requests",
            type: "uuid",
            nullable: true,
            comment: "The request that this one goes on from.");

        migrationBuilder.Script("007_AddParentRequestId.up.sql")
            .ChangesRows("api_requests", "fills parent_request_id from the hashes", isNew);

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_parent_request_id",
            table: "api_requests",
            column: "parent_request_id")
            .DroppedLater();

        migrationBuilder.AddCheckConstraint(
            name: "chk_parent_request_not_self",
            table: "api_requests",
            sql: "parent_request_id <> request_id");

        migrationBuilder.AddForeignKey(
            name: "api_requests_parent_request_id_fkey",
            table: "api_requests",
            column: "parent_request_id",
            principalTable: "api_requests",
            principalColumn: "request_id")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropForeignKey(
            name: "api_requests_parent_request_id_fkey",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_parent_request_id",
            table: "api_requests");

        migrationBuilder.DropCheckConstraint(
            name: "chk_parent_request_not_self",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "parent_request_id",
            table: "api_requests");
    }
}
