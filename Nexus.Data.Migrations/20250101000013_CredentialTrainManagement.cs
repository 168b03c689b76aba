using System;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Nexus.Data.Migrations;

/// <summary>
/// 013: trains, their accounts and keys, and the credentials of accounts. Undone, it drops all of them.
/// </summary>
public sealed partial class CredentialTrainManagement : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            name: "anthropic_credentials",
            columns: table => new
            {
                id = table.Column<Guid>(type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                account_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The account's identifier, as requests name it."),
                account_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The name that people read."),
                oauth_access_token = table.Column<string>(type: "text", nullable: false,
                    comment: "The token that calls carry; a secret."),
                oauth_refresh_token = table.Column<string>(type: "text", nullable: false,
                    comment: "The token that gets the next access token; a secret."),
                oauth_expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false,
                    comment: "When the access token ceases to be taken."),
                oauth_scopes = table.Column<string[]>(type: "text[]", nullable: false,
                    comment: "What the tokens allow."),
                oauth_is_max = table.Column<bool>(type: "boolean", nullable: true, defaultValue: true,
                    comment: "Whether the account is on a Max plan."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the account was added."),
                updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the row was last changed."),
                last_refresh_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true,
                    comment: "When the tokens were last exchanged.")
            },
            constraints: table =>
            {
                table.PrimaryKey("anthropic_credentials_pkey", x => x.id);
                table.UniqueConstraint("anthropic_credentials_account_name_key", x => x.account_name);
                table.UniqueConstraint("anthropic_credentials_account_id_key", x => x.account_id);
            },
            comment: "Accounts and the tokens that open them.");

        migrationBuilder.CreateTable(
            name: "trains",
            columns: table => new
            {
                id = table.Column<Guid>(type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                train_id = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The train's name in requests and addresses."),
                name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The name that people read."),
                description = table.Column<string>(type: "text", nullable: true, comment: "What the train is for."),
                slack_enabled = table.Column<bool>(type: "boolean", nullable: true, defaultValue: false,
                    comment: "Whether notices go to Slack."),
                slack_webhook_url = table.Column<string>(type: "text", nullable: true,
                    comment: "Where Slack takes notices; a secret."),
                slack_channel = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "The Slack channel, where it is not the webhook's own."),
                slack_username = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "The name that Slack shows as the sender."),
                slack_icon_emoji = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "The emoji that Slack shows beside the sender."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the train was made."),
                updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the train was last changed.")
            },
            constraints: table =>
            {
                table.PrimaryKey("trains_pkey", x => x.id);
                table.UniqueConstraint("trains_train_id_key", x => x.train_id);
            },
            comment: "Tenants of the proxy.");

        migrationBuilder.CreateTable(
            name: "train_accounts",
            columns: table => new
            {
                id = table.Column<Guid>(type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                train_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The train."),
                credential_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The account's credential."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the account was given to the train.")
            },
            constraints: table =>
            {
                table.PrimaryKey("train_accounts_pkey", x => x.id);
                table.UniqueConstraint("train_accounts_train_id_credential_id_key", x => new { x.train_id, x.credential_id });
                table.ForeignKey(
                    name: "train_accounts_credential_id_fkey",
                    column: x => x.credential_id,
                    principalTable: "anthropic_credentials",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
                table.ForeignKey(
                    name: "train_accounts_train_id_fkey",
                    column: x => x.train_id,
                    principalTable: "trains",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
            },
            comment: "Which accounts a train may use.");

        migrationBuilder.CreateTable(
            name: "train_api_keys",
            columns: table => new
            {
                id = table.Column<Guid>(type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                train_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The train."),
                api_key = table.Column<string>(type: "text", nullable: false, comment: "The key in clear; a secret."),
                key_prefix = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false,
                    comment: "The key's first characters."),
                key_suffix = table.Column<string>(type: "character varying(10)", maxLength: 10, nullable: false,
                    comment: "The key's last characters."),
                name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "What the key is for."),
                created_by = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "Who made the key."),
                created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: true, defaultValueSql: "now()",
                    comment: "When the key was made."),
                last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true,
                    comment: "When the key was last used."),
                revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true,
                    comment: "When the key ceased to count."),
                revoked_by = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true,
                    comment: "Who revoked the key.")
            },
            constraints: table =>
            {
                table.PrimaryKey("train_api_keys_pkey", x => x.id);
                table.UniqueConstraint("train_api_keys_api_key_key", x => x.api_key);
                table.ForeignKey(
                    name: "train_api_keys_train_id_fkey",
                    column: x => x.train_id,
                    principalTable: "trains",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
            },
            comment: "Keys with which clients speak for a train.");

        migrationBuilder.CreateIndex(
            name: "idx_credentials_account_id",
            table: "anthropic_credentials",
            column: "account_id");

        migrationBuilder.CreateIndex(
            name: "idx_train_accounts_credential",
            table: "train_accounts",
            column: "credential_id");

        migrationBuilder.CreateIndex(
            name: "idx_train_accounts_train",
            table: "train_accounts",
            column: "train_id");

        migrationBuilder.CreateIndex(
            name: "idx_train_api_keys_key",
            table: "train_api_keys",
            column: "api_key",
            filter: "revoked_at IS NULL");

        migrationBuilder.CreateIndex(
            name: "idx_train_api_keys_train",
            table: "train_api_keys",
            column: "train_id");

        migrationBuilder.CreateIndex(
            name: "idx_trains_train_id",
            table: "trains",
            column: "train_id");

    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropTable(
            name: "train_accounts");

        migrationBuilder.DropTable(
            name: "train_api_keys");

        migrationBuilder.DropTable(
            name: "anthropic_credentials");

        migrationBuilder.DropTable(
            name: "trains");
    }
}
