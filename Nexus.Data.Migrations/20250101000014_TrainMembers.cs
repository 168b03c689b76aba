using System;
using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 014: members of trains. Every train without members gets the owner <c>todo@localhost</c>, added by <c>system</c>,
/// where this run makes the table. Undone, it drops all memberships.
/// </summary>
public sealed partial class TrainMembers : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoRelation("train_members");
        migrationBuilder.RememberWhetherNew("014", isNew);

        migrationBuilder.CreateTable(
            name: "train_members",
            columns: table => new
            {
                id = table.Column<Guid>(type: "uuid", nullable: false, defaultValueSql: "gen_random_uuid()",
                    comment: "Primary key."),
                train_id = table.Column<Guid>(type: "uuid", nullable: false, comment: "The train."),
                user_email = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "The person's e-mail address."),
                role = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false,
                    comment: "What the person may do: owner or member."),
                added_at = table.Column<DateTimeOffset>(type: "timestamp with time zone",
                    nullable: false, defaultValueSql: "now()",
                    comment: "When the person was added."),
                added_by = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false,
                    comment: "Who added the person.")
            },
            constraints: table =>
            {
                table.PrimaryKey("train_members_pkey", x => x.id);
                table.UniqueConstraint("train_members_train_id_user_email_key", x => new { x.train_id, x.user_email });
                table.CheckConstraint("train_members_role_check", "role IN ('owner', 'member')");
                table.ForeignKey(
                    name: "train_members_train_id_fkey",
                    column: x => x.train_id,
                    principalTable: "trains",
                    principalColumn: "id",
                    onDelete: ReferentialAction.Cascade);
            },
            comment: "Who may see and change a train.");

        migrationBuilder.CreateIndex(
            name: "idx_train_members_role",
            table: "train_members",
            columns: new[] { "train_id", "role" });

        migrationBuilder.CreateIndex(
            name: "idx_train_members_train_id",
            table: "train_members",
            column: "train_id");

        migrationBuilder.CreateIndex(
            name: "idx_train_members_user_email",
            table: "train_members",
            column: "user_email");

        migrationBuilder.Script("014_TrainMembers.up.sql")
            .ChangesRows("trains", "gives every train the owner todo@localhost", isNew);
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropTable(
            name: "train_members");
    }
}
