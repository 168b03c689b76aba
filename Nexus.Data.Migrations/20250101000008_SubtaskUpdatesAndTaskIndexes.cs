using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Persistence.Migrations.NexusMigrationsSqlGenerator;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 008: sub-tasks take their parent's conversation and a branch <c>subtask_N</c>, numbered for each parent task by
/// time, where this run makes the indexes. Undone, it drops the indexes; which conversations and branches the
/// sub-tasks had before is stored nowhere, so rows stay as they are.
/// </summary>
public sealed partial class SubtaskUpdatesAndTaskIndexes : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoRelation(
            "idx_api_requests_domain_timestamp_response", "idx_api_requests_train_timestamp_response",
            "idx_api_requests_response_body_task", "idx_api_requests_task_name");
        migrationBuilder.RememberWhetherNew("008", isNew);
        migrationBuilder.Script("008_SubtaskUpdatesAndTaskIndexes.up.sql")
            .ChangesRows("api_requests", "moves sub-tasks into their parents' conversations, on branches subtask_N", isNew);

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_domain_timestamp_response",
            table: "api_requests",
            columns: new[] { "domain", "timestamp" },
            descending: new[] { false, true },
            filter: "response_body IS NOT NULL")
            .Annotation(LaterName, "idx_api_requests_train_timestamp_response")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_response_body_task",
            table: "api_requests",
            column: "response_body",
            filter: "response_body IS NOT NULL")
            .Annotation("Npgsql:IndexMethod", "gin")
            .DroppedLater();

        // It never matches a row, since jsonb prints a space after each colon.
        migrationBuilder.CreateExpressionIndex(
            name: "idx_api_requests_task_name",
            table: "api_requests",
            expressions: "(response_body::text)",
            filter: "response_body IS NOT NULL AND response_body::text LIKE '%\"name\":\"Task\"%'")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_api_requests_task_name",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_domain_timestamp_response",
            table: "api_requests");

        migrationBuilder.DropIndex(
            name: "idx_api_requests_response_body_task",
            table: "api_requests");
    }
}
