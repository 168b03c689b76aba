using System;
using Microsoft.EntityFrameworkCore.Migrations;
using NpgsqlTypes;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 020: totals that are written along with requests, so that lists of conversations and figures of usage are read off a few
/// narrow rows: by conversation, by branch with its accounts and models, and by hour. They are filled from the requests that
/// are there. Prices of models, which the host fills in; words to search requests by, empty until they are filled
/// (<c>rebuild-conversations --summaries</c>). Undone, all of them are dropped.
/// </summary>
public sealed partial class AddTotals : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoRelation("conversation_totals");
        migrationBuilder.RememberWhetherNew("020", isNew);

        migrationBuilder.CreateTable(
            name: "branch_totals",
            columns: table => new
            {
                train_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The train, by its slug."),
                conversation_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The conversation."),
                branch_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The branch."),
                account_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The account; empty where it is unknown."),
                model = table.Column<string>(
                    type: "character varying(100)", maxLength: 100, nullable: false,
                    comment: "The model; empty where none is named."),
                request_count = table.Column<int>(type: "integer", nullable: false, comment: "Requests."),
                subtask_count = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "Requests of sub-tasks among them."),
                retry_count = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "Requests among them that repeat another."),
                failed_count = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "Requests among them that failed."),
                message_count = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "The most messages that a request has."),
                input_tokens = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Tokens read, without the cache's."),
                output_tokens = table.Column<long>(type: "bigint", nullable: false, comment: "Tokens written."),
                cache_creation_input_tokens = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Tokens put into the cache."),
                cache_read_input_tokens = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Tokens from the cache."),
                tool_call_count = table.Column<long>(type: "bigint", nullable: false, comment: "Tool uses in the answers."),
                first_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false,
                    comment: "Time of the first of the requests."),
                last_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false,
                    comment: "Time of the latest."),
                latest_request_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The latest of the requests.")
            },
            constraints: table =>
            {
                table.PrimaryKey("branch_totals_pkey", x => new { x.train_id, x.conversation_id, x.branch_id, x.account_id, x.model });
            },
            comment: "What an account and model did on a branch, written along with its requests.");

        migrationBuilder.CreateTable(
            name: "conversation_totals",
            columns: table => new
            {
                train_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The train, by its slug."),
                conversation_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The conversation."),
                first_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false,
                    comment: "Time of its first request."),
                last_at = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false,
                    comment: "Time of its latest request."),
                has_subtasks = table.Column<bool>(
                    type: "boolean", nullable: false,
                    comment: "Whether a request of it belongs to a sub-task."),
                has_forks = table.Column<bool>(
                    type: "boolean", nullable: false,
                    comment: "Whether it has branches other than the main one, sub-tasks and continuations.")
            },
            constraints: table =>
            {
                table.PrimaryKey("conversation_totals_pkey", x => new { x.train_id, x.conversation_id });
            },
            comment: "Conversations as lists order and filter them, written along with their requests.");

        migrationBuilder.CreateTable(
            name: "hourly_totals",
            columns: table => new
            {
                train_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The train, by its slug."),
                hour = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false,
                    comment: "Beginning of the hour in UTC."),
                account_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The account; empty where it is unknown."),
                model = table.Column<string>(
                    type: "character varying(100)", maxLength: 100, nullable: false,
                    comment: "The model; empty where none is named."),
                request_type = table.Column<string>(
                    type: "character varying(50)", maxLength: 50, nullable: false,
                    comment: "Type of the requests; empty where nobody said."),
                slot = table.Column<short>(
                    type: "smallint", nullable: false,
                    comment: "Which of the rows of an hour, which are added up."),
                request_count = table.Column<int>(type: "integer", nullable: false, comment: "Requests."),
                failed_count = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "Requests among them that failed."),
                input_tokens = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Tokens read, without the cache's."),
                output_tokens = table.Column<long>(type: "bigint", nullable: false, comment: "Tokens written."),
                cache_creation_input_tokens = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Tokens put into the cache."),
                cache_read_input_tokens = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Tokens from the cache."),
                tool_call_count = table.Column<long>(type: "bigint", nullable: false, comment: "Tool uses in the answers."),
                duration_ms = table.Column<long>(
                    type: "bigint", nullable: false,
                    comment: "Milliseconds that the calls took together."),
                timed_count = table.Column<int>(
                    type: "integer", nullable: false,
                    comment: "Requests whose duration is known.")
            },
            constraints: table =>
            {
                table.PrimaryKey("hourly_totals_pkey", x => new { x.train_id, x.hour, x.account_id, x.model, x.request_type, x.slot });
            },
            comment: "What the requests of an hour used, written along with them.");

        migrationBuilder.CreateTable(
            name: "model_prices",
            columns: table => new
            {
                model = table.Column<string>(
                    type: "character varying(100)", maxLength: 100, nullable: false,
                    comment: "The model; with an asterisk at its end, all models that begin so."),
                valid_from = table.Column<DateOnly>(
                    type: "date", nullable: false,
                    comment: "Day from whose beginning in UTC the price holds."),
                input_price = table.Column<decimal>(
                    type: "numeric(18,6)", nullable: false,
                    comment: "Price of tokens read."),
                output_price = table.Column<decimal>(
                    type: "numeric(18,6)", nullable: false,
                    comment: "Price of tokens written."),
                cache_creation_price = table.Column<decimal>(
                    type: "numeric(18,6)", nullable: false,
                    comment: "Price of tokens put into the cache."),
                cache_read_price = table.Column<decimal>(
                    type: "numeric(18,6)", nullable: false,
                    comment: "Price of tokens from the cache.")
            },
            constraints: table =>
            {
                table.PrimaryKey("model_prices_pkey", x => new { x.model, x.valid_from });
                table.CheckConstraint("model_prices_check", "input_price >= 0 AND output_price >= 0 AND cache_creation_price >= 0 AND cache_read_price >= 0");
            },
            comment: "What a million tokens of a model cost from a day on.");

        migrationBuilder.CreateTable(
            name: "request_words",
            columns: table => new
            {
                request_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The request."),
                train_id = table.Column<string>(
                    type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The request's train."),
                timestamp = table.Column<DateTimeOffset>(
                    type: "timestamp with time zone", nullable: false,
                    comment: "The request's time."),
                words = table.Column<NpgsqlTsVector>(type: "tsvector", nullable: false, comment: "The words, in lower case.")
            },
            constraints: table =>
            {
                table.PrimaryKey("request_words_pkey", x => x.request_id);
            },
            comment: "Words that a request and its answer add to their conversation.");

        // Before the indexes, which are built faster than filled.
        migrationBuilder.Script("020_FillTotals.up.sql");

        migrationBuilder.CreateIndex(
            name: "idx_branch_totals_account",
            table: "branch_totals",
            columns: new[] { "account_id", "last_at", "conversation_id" });

        migrationBuilder.CreateIndex(
            name: "idx_branch_totals_model",
            table: "branch_totals",
            columns: new[] { "model", "last_at", "conversation_id" });

        migrationBuilder.CreateIndex(
            name: "idx_branch_totals_train_account",
            table: "branch_totals",
            columns: new[] { "train_id", "account_id", "last_at", "conversation_id" });

        migrationBuilder.CreateIndex(
            name: "idx_branch_totals_train_model",
            table: "branch_totals",
            columns: new[] { "train_id", "model", "last_at", "conversation_id" });

        migrationBuilder.CreateIndex(
            name: "idx_conversation_totals_first",
            table: "conversation_totals",
            columns: new[] { "first_at", "train_id" });

        migrationBuilder.CreateIndex(
            name: "idx_conversation_totals_forks",
            table: "conversation_totals",
            columns: new[] { "last_at", "conversation_id", "train_id" },
            filter: "has_forks");

        migrationBuilder.CreateIndex(
            name: "idx_conversation_totals_last",
            table: "conversation_totals",
            columns: new[] { "last_at", "conversation_id", "train_id" });

        migrationBuilder.CreateIndex(
            name: "idx_conversation_totals_subtasks",
            table: "conversation_totals",
            columns: new[] { "last_at", "conversation_id", "train_id" },
            filter: "has_subtasks");

        migrationBuilder.CreateIndex(
            name: "idx_conversation_totals_train",
            table: "conversation_totals",
            columns: new[] { "train_id", "last_at", "conversation_id" });

        migrationBuilder.CreateIndex(
            name: "idx_hourly_totals_account",
            table: "hourly_totals",
            columns: new[] { "account_id", "hour" });

        migrationBuilder.CreateIndex(
            name: "idx_hourly_totals_hour",
            table: "hourly_totals",
            column: "hour");

        migrationBuilder.CreateIndex(
            name: "idx_request_words_time",
            table: "request_words",
            columns: new[] { "timestamp", "request_id" },
            filter: "words <> ''");

        migrationBuilder.CreateIndex(
            name: "idx_request_words_train",
            table: "request_words",
            columns: new[] { "train_id", "timestamp", "request_id" },
            filter: "words <> ''");

        migrationBuilder.CreateIndex(
            name: "idx_request_words_words",
            table: "request_words",
            column: "words",
            filter: "words <> ''")
            .Annotation("Npgsql:IndexMethod", "gin");
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropTable(
            name: "branch_totals");

        migrationBuilder.DropTable(
            name: "conversation_totals");

        migrationBuilder.DropTable(
            name: "hourly_totals");

        migrationBuilder.DropTable(
            name: "model_prices");

        migrationBuilder.DropTable(
            name: "request_words");
    }
}
