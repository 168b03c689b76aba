using Microsoft.EntityFrameworkCore.Migrations;
using static Nexus.Data.Migrations.MigrationBuilderExtensions;

namespace Nexus.Data.Migrations;

/// <summary>
/// 005: the account of a request. Filled where it is null from the map of domains to accounts that
/// <c>NEXUS_ACCOUNT_MAP</c> names, where this run makes the column; without a map nothing is filled. Undone, it drops
/// what the column holds.
/// </summary>
public sealed partial class PopulateAccountIds : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        var isNew = NoColumn("api_requests", "account_id");
        migrationBuilder.RememberWhetherNew("005", isNew);

        migrationBuilder.AddColumn<string>(
            name: "account_id",
            table: "api_requests",
            type: "character varying(255)",
            maxLength: 255,
            nullable: true,
            comment: "Account that paid.");

        if (AccountMap.Read(Environment.GetEnvironmentVariable) is { } map)
        {
            migrationBuilder.Sql(ReadScript("005_PopulateAccountIds.up.sql")
                .Replace("{map}", map, StringComparison.Ordinal))
                .ChangesRows("api_requests", $"fills account_id from the file that {AccountMap.Variable} names", isNew);
        }

        migrationBuilder.CreateIndex(
            name: "idx_requests_account_timestamp",
            table: "api_requests",
            columns: new[] { "account_id", "timestamp" },
            descending: new[] { false, true },
            filter: "account_id IS NOT NULL")
            .DroppedLater();
    }

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex(
            name: "idx_requests_account_timestamp",
            table: "api_requests");

        migrationBuilder.DropColumn(
            name: "account_id",
            table: "api_requests");
    }
}
