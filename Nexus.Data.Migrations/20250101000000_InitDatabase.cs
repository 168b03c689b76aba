using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;
using static Nexus.Data.Persistence.Migrations.NexusMigrationsSqlGenerator;

namespace Nexus.Data.Migrations;

/// <summary>
/// 000: the request log, its streamed chunks and the statistics by hour. Undone, it drops all requests.
/// </summary>
public sealed partial class InitDatabase : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            name: "api_requests",
            columns: table => new
            {
                request_id = table.Column<Guid>(type: "uuid", nullable: false,
                    comment: "Identifier that the proxy gave the call."),
                domain = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "Slug of the train the call was for.")
                    .Annotation(LaterName, "train_id"),
                timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false,
                    comment: "When the proxy received the call."),
                method = table.Column<string>(type: "character varying(10)", maxLength: 10, nullable: false,
                    comment: "HTTP method."),
                path = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false,
                    comment: "Path that was called."),
                headers = table.Column<string>(type: "jsonb", nullable: false,
                    comment: "Request headers, secrets masked."),
                model = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true,
                    comment: "Model that was asked for."),
                request_type = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true,
                    comment: "What the call was: inference, query_evaluation, quota, token_count."),
                api_key_id = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true,
                    comment: "Which API key was used, never the key."),
                ip_address = table.Column<string>(type: "character varying(45)", maxLength: 45, nullable: true,
                    comment: "Address of the caller."),
                response_status = table.Column<int>(type: "integer", nullable: true,
                    comment: "HTTP status of the answer."),
                response_headers = table.Column<string>(type: "jsonb", nullable: true,
                    comment: "Headers of the answer."),
                response_streaming = table.Column<bool>(type: "boolean", nullable: true, defaultValue: false,
                    comment: "Whether the answer was streamed."),
                input_tokens = table.Column<int>(type: "integer", nullable: true,
                    comment: "Tokens read, without the cache's."),
                output_tokens = table.Column<int>(type: "integer", nullable: true, comment: "Tokens written."),
                cache_creation_input_tokens = table.Column<int>(type: "integer", nullable: true, defaultValue: 0,
                    comment: "Tokens put into the cache."),
                cache_read_input_tokens = table.Column<int>(type: "integer", nullable: true, defaultValue: 0,
                    comment: "Tokens from the cache."),
                usage_data = table.Column<string>(type: "jsonb", nullable: true,
                    comment: "Usage as the provider told it."),
                tool_call_count = table.Column<int>(type: "integer", nullable: true, defaultValue: 0,
                    comment: "Tool uses in the answer."),
                duration_ms = table.Column<int>(type: "integer", nullable: true,
                    comment: "Milliseconds from the call to the end of its answer."),
                completed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true,
                    comment: "When the answer was complete or the call had failed."),
                error = table.Column<string>(type: "text", nullable: true, comment: "What went wrong."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the row was written."),
                body = table.Column<string>(type: "jsonb", nullable: true,
                    comment: "Request body; read it through the library."),
                response_body = table.Column<string>(type: "jsonb", nullable: true,
                    comment: "Body of the answer; read it through the library.")
            },
            constraints: table =>
            {
                table.PrimaryKey("api_requests_pkey", x => x.request_id);
            },
            comment: "One call that went through the proxy, with its answer and its place in a conversation.");

        migrationBuilder.CreateTable(
            name: "streaming_chunks",
            columns: table => new
            {
                id = table.Column<int>(type: "integer", nullable: false, comment: "Row number, given by the database.")
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.SerialColumn),
                request_id = table.Column<Guid>(type: "uuid", nullable: false,
                    comment: "The request whose answer was streamed."),
                chunk_index = table.Column<int>(type: "integer", nullable: false,
                    comment: "Place in the stream, from 0."),
                timestamp = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false,
                    comment: "When the event arrived."),
                data = table.Column<string>(type: "text", nullable: false, comment: "The event as JSON text."),
                token_count = table.Column<int>(type: "integer", nullable: true, defaultValue: 0,
                    comment: "Output tokens that the event reports."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the row was written.")
            },
            constraints: table =>
            {
                table.PrimaryKey("streaming_chunks_pkey", x => x.id);
                table.UniqueConstraint(
                    "streaming_chunks_request_id_chunk_index_key", x => new { x.request_id, x.chunk_index });
                table.ForeignKey(
                    name: "streaming_chunks_request_id_fkey",
                    column: x => x.request_id,
                    principalTable: "api_requests",
                    principalColumn: "request_id",
                    onDelete: ReferentialAction.Cascade);
            },
            comment: "Events of streamed answers, one a row.");

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_domain",
            table: "api_requests",
            column: "domain")
            .Annotation(LaterName, "idx_api_requests_train_id")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_model",
            table: "api_requests",
            column: "model")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_request_type",
            table: "api_requests",
            column: "request_type")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_api_requests_timestamp",
            table: "api_requests",
            column: "timestamp")
            .DroppedLater();

        migrationBuilder.CreateIndex(
            name: "idx_streaming_chunks_request_id",
            table: "streaming_chunks",
            columns: new[] { "request_id", "chunk_index" });

        migrationBuilder.Script("000_InitDatabase.up.sql").Annotation(MakesView, "hourly_stats");
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Script("000_InitDatabase.down.sql");

        migrationBuilder.DropTable(
            name: "streaming_chunks");

        migrationBuilder.DropTable(
            name: "api_requests");
    }
}
