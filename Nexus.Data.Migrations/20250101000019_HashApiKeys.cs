using System;
using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 019: API keys are kept as SHA-256 hashes. Keys that stand in clear are hashed and go on working; the column is emptied,
/// and the table written anew. Programs that look keys up in clear can verify none any more, so where there are such keys
/// it wants <c>nexus.retire_clear_keys</c> to be <c>on</c>. Undone, all keys are revoked, for nobody knows them.
/// </summary>
public sealed partial class HashApiKeys : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoColumn("train_api_keys", "key_hash");
        migrationBuilder.RememberWhetherNew("019", isNew);

        migrationBuilder.DropIndex(
            name: "idx_train_api_keys_key",
            table: "train_api_keys");

        migrationBuilder.DropIndex(
            name: "train_api_keys_api_key_key",
            table: "train_api_keys");

        migrationBuilder.AlterColumn<DateTimeOffset>(
            name: "revoked_at",
            table: "train_api_keys",
            type: "timestamp with time zone",
            nullable: true,
            comment: "When the key was revoked.",
            oldClrType: typeof(DateTimeOffset),
            oldType: "timestamp with time zone",
            oldNullable: true,
            oldComment: "When the key ceased to count.");

        migrationBuilder.AlterColumn<string>(
            name: "api_key",
            table: "train_api_keys",
            type: "text",
            nullable: true,
            comment: "Keys stood here in clear, and none does any more; a secret.",
            oldClrType: typeof(string),
            oldType: "text",
            oldComment: "The key in clear; a secret.");

        migrationBuilder.AddColumn<DateTimeOffset>(
            name: "expires_at",
            table: "train_api_keys",
            type: "timestamp with time zone",
            nullable: true,
            comment: "When the key ceases to count by itself.");

        migrationBuilder.AddColumn<byte[]>(
            name: "key_hash",
            table: "train_api_keys",
            type: "bytea",
            nullable: true,
            comment: "SHA-256 of the key; a secret.");

        migrationBuilder.Script("019_HashApiKeys.up.sql")
            .ChangesRows(
                "train_api_keys", "keeps API keys as hashes and no longer in clear", isNew)
            .RetiresClearKeys();

        migrationBuilder.CreateIndex(
            name: "train_api_keys_key_hash_key",
            table: "train_api_keys",
            column: "key_hash",
            unique: true);
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Script("019_HashApiKeys.down.sql");

        migrationBuilder.DropIndex(
            name: "train_api_keys_key_hash_key",
            table: "train_api_keys");

        migrationBuilder.DropColumn(
            name: "expires_at",
            table: "train_api_keys");

        migrationBuilder.DropColumn(
            name: "key_hash",
            table: "train_api_keys");

        migrationBuilder.AlterColumn<DateTimeOffset>(
            name: "revoked_at",
            table: "train_api_keys",
            type: "timestamp with time zone",
            nullable: true,
            comment: "When the key ceased to count.",
            oldClrType: typeof(DateTimeOffset),
            oldType: "timestamp with time zone",
            oldNullable: true,
            oldComment: "When the key was revoked.");

        migrationBuilder.AlterColumn<string>(
            name: "api_key",
            table: "train_api_keys",
            type: "text",
            nullable: false,
            comment: "The key in clear; a secret.",
            oldClrType: typeof(string),
            oldType: "text",
            oldNullable: true,
            oldComment: "Keys stood here in clear, and none does any more; a secret.");

        migrationBuilder.CreateIndex(
            name: "idx_train_api_keys_key",
            table: "train_api_keys",
            column: "api_key",
            filter: "revoked_at IS NULL");

        migrationBuilder.AddUniqueConstraint(
            name: "train_api_keys_api_key_key",
            table: "train_api_keys",
            column: "api_key");
    }
}
