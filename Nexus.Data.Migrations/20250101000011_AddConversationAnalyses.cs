using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;
using static Nexus.Data.Persistence.Migrations.NexusMigrationsSqlGenerator;

namespace Nexus.Data.Migrations;

/// <summary>
/// 011: analyses of conversations, and the log of who asked for them. Undone, it drops all analyses and the log.
/// </summary>
public sealed partial class AddConversationAnalyses : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AlterDatabase()
            .Annotation("Npgsql:Enum:conversation_analysis_status", "pending,processing,completed,failed");

        migrationBuilder.CreateTable(
            name: "analysis_audit_log",
            columns: table => new
            {
                id = table.Column<int>(type: "integer", nullable: false, comment: "Row number, given by the database.")
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.SerialColumn),
                event_type = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false,
                    comment: "What was done."),
                outcome = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false,
                    comment: "How it ended."),
                conversation_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The conversation."),
                branch_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The branch of the conversation."),
                domain = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The train of the conversation.")
                    .Annotation(LaterName, "train_id"),
                request_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The call that did it."),
                user_context = table.Column<string>(type: "jsonb", nullable: true, defaultValueSql: "'{}'::jsonb",
                    comment: "Who did it and from where."),
                metadata = table.Column<string>(type: "jsonb", nullable: true, defaultValueSql: "'{}'::jsonb",
                    comment: "What else is worth knowing."),
                timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: false, defaultValueSql: "now()",
                    comment: "When it was done.")
            },
            constraints: table =>
            {
                table.PrimaryKey("analysis_audit_log_pkey", x => x.id);
            },
            comment: "Who asked for or saw an analysis.");

        migrationBuilder.CreateTable(
            name: "conversation_analyses",
            columns: table => new
            {
                id = table.Column<long>(type: "bigint", nullable: false, comment: "Row number, given by the database.")
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.SerialColumn),
                conversation_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The conversation."),
                branch_id = table.Column<string>(type: "character varying(255)", maxLength: 255,
                    nullable: false, defaultValue: "main",
                    comment: "The branch of the conversation."),
                status = table.Column<string>(type: "conversation_analysis_status",
                    nullable: false, defaultValueSql: "'pending'::conversation_analysis_status",
                    comment: "How far the analysis is."),
                model_used = table.Column<string>(type: "character varying(255)", maxLength: 255,
                    nullable: true, defaultValue: "gemini-2.5-pro",
                    comment: "The model that is asked."),
                analysis_content = table.Column<string>(type: "text", nullable: true, comment: "The answer as text."),
                analysis_data = table.Column<string>(type: "jsonb", nullable: true, comment: "The answer's parts."),
                raw_response = table.Column<string>(type: "jsonb", nullable: true, comment: "What the model sent."),
                error_message = table.Column<string>(type: "text", nullable: true, comment: "Why the analysis failed."),
                retry_count = table.Column<int>(type: "integer", nullable: true, defaultValue: 0,
                    comment: "How often it was tried again."),
                generated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true,
                    comment: "When the answer was written."),
                processing_duration_ms = table.Column<int>(type: "integer", nullable: true,
                    comment: "How long the model took, in milliseconds."),
                prompt_tokens = table.Column<int>(type: "integer", nullable: true, comment: "Tokens of the question."),
                completion_tokens = table.Column<int>(type: "integer", nullable: true,
                    comment: "Tokens of the answer."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: false, defaultValueSql: "now()",
                    comment: "When the analysis was ordered."),
                updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: false, defaultValueSql: "now()",
                    comment: "When the row was last changed; a trigger writes it."),
                completed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true,
                    comment: "When the analysis was completed or given up."),
                custom_prompt = table.Column<string>(type: "text", nullable: true,
                    comment: "What the person who ordered it wanted to know.")
            },
            constraints: table =>
            {
                table.PrimaryKey("conversation_analyses_pkey", x => x.id);
                table.UniqueConstraint(
                    "conversation_analyses_conversation_id_branch_id_key", x => new { x.conversation_id, x.branch_id });
            },
            comment: "Analyses of conversations, done or ordered.");

        migrationBuilder.CreateIndex(
            name: "idx_audit_conversation",
            table: "analysis_audit_log",
            columns: new[] { "conversation_id", "branch_id" });

        migrationBuilder.CreateIndex(
            name: "idx_audit_domain",
            table: "analysis_audit_log",
            column: "domain")
            .Annotation(LaterName, "idx_audit_train");

        migrationBuilder.CreateIndex(
            name: "idx_audit_event_type",
            table: "analysis_audit_log",
            column: "event_type");

        migrationBuilder.CreateIndex(
            name: "idx_audit_timestamp",
            table: "analysis_audit_log",
            column: "timestamp");

        migrationBuilder.CreateIndex(
            name: "idx_conversation_analyses_conversation",
            table: "conversation_analyses",
            columns: new[] { "conversation_id", "branch_id" });

        migrationBuilder.CreateIndex(
            name: "idx_conversation_analyses_status",
            table: "conversation_analyses",
            column: "status",
            filter: "status = 'pending'::conversation_analysis_status");

        migrationBuilder.CreateExpressionIndex(
            name: "idx_conversation_analyses_has_custom_prompt",
            table: "conversation_analyses",
            expressions: "(custom_prompt IS NOT NULL)",
            filter: "custom_prompt IS NOT NULL");

        migrationBuilder.Script("011_AddConversationAnalyses.up.sql");
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropTable(
            name: "analysis_audit_log");

        migrationBuilder.DropTable(
            name: "conversation_analyses");

        migrationBuilder.Sql("DROP FUNCTION IF EXISTS trigger_set_timestamp();");

        migrationBuilder.AlterDatabase()
            .OldAnnotation("Npgsql:Enum:conversation_analysis_status", "pending,processing,completed,failed");
    }
}
