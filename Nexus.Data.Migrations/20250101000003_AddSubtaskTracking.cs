using System;
using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 003: sub-tasks. Answers with <c>Task</c> tool uses get them listed; the first request of another conversation of
/// the train that has a task's prompt as its first message, at most 30 seconds after the task, becomes its sub-task.
/// Only where this run makes the columns. Undone, it drops what the columns hold.
/// </summary>
public sealed partial class AddSubtaskTracking : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoColumn("api_requests", "is_subtask", "parent_task_request_id", "task_tool_invocation");
        migrationBuilder.RememberWhetherNew("003", isNew);

        migrationBuilder.AddColumn<bool>(
            name: "is_subtask",
            table: "api_requests",
            type: "boolean",
            nullable: true,
            defaultValue: false,
            comment: "Whether the request belongs to a sub-task.");

        migrationBuilder.AddColumn<Guid>(
            name: "parent_task_request_id",
            table: "api_requests",
            type: "uuid",
            nullable: true,
            comment: "The request whose answer started this sub-task.");

        migrationBuilder.AddColumn<string>(
            name: "task_tool_invocation",
            table: "api_requests",
            type: "jsonb",
            nullable: true,
            comment: "Task and Agent tool uses of the answer.");

        migrationBuilder.Script("003_AddSubtaskTracking.up.sql")
            .ChangesRows("api_requests", "lists the Task tool uses of answers and marks the sub-tasks they opened", isNew);

        migrationBuilder.CreateIndex(
            name: "idx_requests_is_subtask",
            table: "api_requests",
            column: "is_subtask")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_parent_task_request_id",
            table: "api_requests",
            column: "parent_task_request_id")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_requests_task_tool_invocation_gin",
            table: "api_requests",
            column: "task_tool_invocation",
            filter: "task_tool_invocation IS NOT NULL")
            .Annotation("Npgsql:IndexMethod", "gin")
            .DroppedLater();

        migrationBuilder.AddForeignKey(
            name: "api_requests_parent_task_request_id_fkey",
            table: "api_requests",
            column: "parent_task_request_id",
            principalTable: "api_requests",
            principalColumn: "request_id")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropForeignKey(
            name: "api_requests_parent_task_request_id_fkey",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_is_subtask",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_parent_task_request_id",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_requests_task_tool_invocation_gin",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "is_subtask",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "parent_task_request_id",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "task_tool_invocation",
            table: "api_requests");
    }
}
