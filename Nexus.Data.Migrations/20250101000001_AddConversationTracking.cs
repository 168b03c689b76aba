using System;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 001: hashes, conversations and branches of requests. Rows that exist get the defaults and no hash. Undone, it
/// drops what the columns hold.
/// </summary>
public sealed partial class AddConversationTracking : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>(
            name: "branch_id",
            table: "api_requests",
            type: "character varying(255)",
            maxLength: 255,
            nullable: true,
            defaultValue: "main",
            comment: "Branch inside the conversation.");

        migrationBuilder.AddColumn<Guid>(
            name: "conversation_id",
            table: "api_requests",
            type: "uuid",
            nullable: true,
            comment: "The conversation the request belongs to.");

        migrationBuilder.AddColumn<string>(
            name: "current_message_hash",
            table: "api_requests",
            type: "character(64)",
            nullable: true,
            comment: "Compatible hash of all messages.");

        migrationBuilder.AddColumn<int>(
            name: "message_count",
            table: "api_requests",
            type: "integer",
            nullable: true,
            defaultValue: 0,
            comment: "Messages in the body.");

        migrationBuilder.AddColumn<string>(
            name: "parent_message_hash",
            table: "api_requests",
            type: "character(64)",
            nullable: true,
            comment: "Compatible hash of the messages before the last exchange.");

        migrationBuilder.CreateIndex(
            name: "idx_requests_branch_id",
            table: "api_requests",
            column: "branch_id")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_branch",
            table: "api_requests",
            columns: new[] { "conversation_id", "branch_id" })
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_conversation_id",
            table: "api_requests",
            column: "conversation_id")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_current_message_hash",
            table: "api_requests",
            column: "current_message_hash")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_message_count",
            table: "api_requests",
            column: "message_count")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_parent_message_hash",
            table: "api_requests",
            column: "parent_message_hash")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_requests_branch_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_branch",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_conversation_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_current_message_hash",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_message_count",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_parent_message_hash",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "branch_id",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "conversation_id",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "current_message_hash",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "message_count",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "parent_message_hash",
            table: "api_requests");
    }
}
