using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Storage;

namespace Nexus.Data.Tests.Migrations;

/// <summary>Operations that migrations to come may hold: each is done twice, and the second time changes nothing.</summary>
[Category("ServerVersions")]
public sealed class GuardedOperationTests : MigrationTest
{
    [Test]
    public async Task What_is_there_is_left_and_what_is_missing_is_made([Values] bool isIdempotentScript)
    {
        await MigrateAsync(LastMirrored);
        var builder = new MigrationBuilder("Npgsql.EntityFrameworkCore.PostgreSQL");
        builder.DropIndex("trains_train_id_key", "trains");
        builder.DropIndex("idx_trains_train_id", "trains");
        builder.DropUniqueConstraint("train_members_train_id_user_email_key", "train_members");
        builder.DropForeignKey("train_members_train_id_fkey", "train_members");
        builder.DropCheckConstraint("train_members_role_check", "train_members");
        builder.DropPrimaryKey("train_members_pkey", "train_members");
        builder.AddPrimaryKey("train_members_pkey", "train_members", "id");
        builder.AddForeignKey("it's_fkey", "train_members", "train_id", "trains", principalColumn: "id");
        builder.AddUniqueConstraint("members_key", "train_members", "user_email");
        builder.AddCheckConstraint("members_check", "train_members", "added_by <> 'it''s'");
        builder.AddColumn<string>("Odd Name", "trains", nullable: true, comment: "It's odd.");
        builder.RenameColumn("Odd Name", "trains", "even_name");
        builder.DropColumn("Odd Name", "trains");
        builder.CreateIndex("idx_new", "trains", ["name", "even_name"], descending: [false, true])
            .Annotation("Npgsql:CreatedConcurrently", true);
        builder.RenameIndex("idx_new", "idx_newer", "trains");
        builder.RenameTable("streaming_chunks", newName: "chunks");
        builder.DropTable("analysis_audit_log");

        await ExecuteAsync(builder.Operations, isIdempotentScript);
        var once = await ReadCatalogAsync();
        builder.Operations.RemoveAll(operation
            => operation is DropPrimaryKeyOperation or CreateIndexOperation or AddColumnOperation);
        await ExecuteAsync(builder.Operations, isIdempotentScript);

        Assert.Multiple(async () =>
        {
            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(once));
            Assert.That(once, Has.Some.StartsWith("column trains.even_name text"));
            Assert.That(once, Has.Some.StartsWith("index idx_newer "));
            Assert.That(once, Has.Some.StartsWith("table chunks"));
            Assert.That(once, Has.Some.Contains("constraint train_members.it's_fkey"));
            Assert.That(once, Has.None.Contains("trains_train_id").And.None.Contains("train_members_role_check"));
        });
    }

    private async Task ExecuteAsync(IReadOnlyList<MigrationOperation> operations, bool isIdempotentScript)
    {
        await using var db = OpenContext();
        var options = isIdempotentScript
            ? MigrationsSqlGenerationOptions.Idempotent
            : MigrationsSqlGenerationOptions.Default;
        var commands = db.GetService<IMigrationsSqlGenerator>().Generate(operations, null, options);
        await db.GetService<IMigrationCommandExecutor>().ExecuteNonQueryAsync(
            commands, db.GetService<IRelationalConnection>());
    }
}
