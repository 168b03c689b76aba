using System;
using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 018: what it takes to look after trains, accounts, members and analyses. Trains can be disabled; credentials show the end
/// of their token and why a refresh failed; members are unique without case; analyses know their train, when they are due
/// and whose they are. Members of one train whose addresses differ in case, or in space around them, become one, and each
/// that goes is told. Undone, these columns are dropped; merged members stay merged.
/// </summary>
public sealed partial class AddTrainAdministration : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoColumn("conversation_analyses", "due_at");
        migrationBuilder.RememberWhetherNew("018", isNew);

        migrationBuilder.AddColumn<DateTimeOffset>(
            name: "due_at",
            table: "conversation_analyses",
            type: "timestamp with time zone",
            nullable: false,
            defaultValueSql: "now()",
            comment: "Not before this time a worker takes it.");

        migrationBuilder.AddColumn<DateTimeOffset>(
            name: "lease_expires_at",
            table: "conversation_analyses",
            type: "timestamp with time zone",
            nullable: true,
            comment: "Until when it is that worker's.");

        migrationBuilder.AddColumn<Guid>(
            name: "lease_id",
            table: "conversation_analyses",
            type: "uuid",
            nullable: true,
            comment: "What the worker that is at it shows when it is done.");

        migrationBuilder.AddColumn<string>(
            name: "lease_owner",
            table: "conversation_analyses",
            type: "character varying(255)",
            maxLength: 255,
            nullable: true,
            comment: "Who that worker is.");

        migrationBuilder.AddColumn<string>(
            name: "train_id",
            table: "conversation_analyses",
            type: "character varying(255)",
            maxLength: 255,
            nullable: true,
            comment: "The conversation's train.");

        migrationBuilder.CreateIndex(
            name: "idx_conversation_analyses_due",
            table: "conversation_analyses",
            columns: new[] { "due_at", "id" },
            filter: "status = 'pending'::conversation_analysis_status");

        migrationBuilder.CreateIndex(
            name: "idx_conversation_analyses_lease",
            table: "conversation_analyses",
            column: "lease_expires_at",
            filter: "status = 'processing'::conversation_analysis_status");

        migrationBuilder.CreateIndex(
            name: "idx_conversation_analyses_status_id",
            table: "conversation_analyses",
            columns: new[] { "status", "id" });

        migrationBuilder.CreateIndex(
            name: "idx_conversation_analyses_train",
            table: "conversation_analyses",
            columns: new[] { "train_id", "id" });

        migrationBuilder.Script("018_FillAnalysisTrains.up.sql")
            .ChangesRows("conversation_analyses", "fills train_id", isNew);

        migrationBuilder.Script("018_MergeMembers.up.sql").ChangesRows(
            "train_members", "makes one of a train's members whose addresses differ in case or in space around them, which goes",
            NoRelation("train_members_train_id_address_key"));

        migrationBuilder.CreateExpressionIndex(
            name: "train_members_train_id_address_key",
            table: "train_members",
            expressions: "train_id, lower(user_email)",
            unique: true);

        migrationBuilder.CreateExpressionIndex(
            name: "idx_train_members_address",
            table: "train_members",
            expressions: "lower(user_email)");

        // Last, for every call waits while these are locked.
        migrationBuilder.AddColumn<string>(
            name: "oauth_token_suffix",
            table: "anthropic_credentials",
            type: "character varying(4)",
            maxLength: 4,
            nullable: true,
            comment: "The access token's last characters.");

        migrationBuilder.AddColumn<DateTimeOffset>(
            name: "refresh_failed_at",
            table: "anthropic_credentials",
            type: "timestamp with time zone",
            nullable: true,
            comment: "When the last exchange failed; null where it did not.");

        migrationBuilder.AddColumn<string>(
            name: "refresh_failure",
            table: "anthropic_credentials",
            type: "character varying(255)",
            maxLength: 255,
            nullable: true,
            comment: "Why it failed.");

        migrationBuilder.AddColumn<DateTimeOffset>(
            name: "disabled_at",
            table: "trains",
            type: "timestamp with time zone",
            nullable: true,
            comment: "When the train ceased to take part: its keys count for nothing then.");

        migrationBuilder.Script("018_FillTokenSuffixes.up.sql")
            .ChangesRows("anthropic_credentials", "fills oauth_token_suffix", isNew);
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_train_members_address",
            table: "train_members");

        migrationBuilder.DropIndex(
            name: "train_members_train_id_address_key",
            table: "train_members");

        migrationBuilder.DropIndex(
            name: "idx_conversation_analyses_due",
            table: "conversation_analyses");

        migrationBuilder.DropIndex(
            name: "idx_conversation_analyses_lease",
            table: "conversation_analyses");

        migrationBuilder.DropIndex(
            name: "idx_conversation_analyses_status_id",
            table: "conversation_analyses");

        migrationBuilder.DropIndex(
            name: "idx_conversation_analyses_train",
            table: "conversation_analyses");

        migrationBuilder.DropColumn(
            name: "disabled_at",
            table: "trains");

        migrationBuilder.DropColumn(
            name: "due_at",
            table: "conversation_analyses");

        migrationBuilder.DropColumn(
            name: "lease_expires_at",
            table: "conversation_analyses");

        migrationBuilder.DropColumn(
            name: "lease_id",
            table: "conversation_analyses");

        migrationBuilder.DropColumn(
            name: "lease_owner",
            table: "conversation_analyses");

        migrationBuilder.DropColumn(
            name: "train_id",
            table: "conversation_analyses");

        migrationBuilder.DropColumn(
            name: "oauth_token_suffix",
            table: "anthropic_credentials");

        migrationBuilder.DropColumn(
            name: "refresh_failed_at",
            table: "anthropic_credentials");

        migrationBuilder.DropColumn(
            name: "refresh_failure",
            table: "anthropic_credentials");
    }
}
