using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Nexus.Data.Operations;
using Nexus.Data.Persistence.Migrations;
using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tests.Tool;
using Nexus.Data.Tool;

namespace Nexus.Data.Tests.Migrations.Adoption;

/// <summary>What stops a migration does so before its first statement, and says what to do.</summary>
public sealed class ObstacleTests : MigrationTest
{
    private const string OfAnother =
        """
        CREATE TABLE users (id uuid PRIMARY KEY, name text);
        CREATE TABLE messages (id serial PRIMARY KEY, body text);
        CREATE VIEW chats AS SELECT 1 AS one;
        INSERT INTO users VALUES (gen_random_uuid(), 'Ada');
        """;

    public enum Way
    {
        Service,
        Context,
        ContextSynchronously,
    }

    [Test]
    public async Task Tables_of_another_program_with_our_names_stop_it_and_lose_nothing([Values] Way way)
    {
        await ExecuteAsync(OfAnother);
        var before = await ReadCatalogAsync();

        Assert.That(
            () => MigrateAsync(way),
            Throws.InstanceOf<NexusDataException>().With.Property(nameof(NexusDataException.Kind))
                .EqualTo(NexusDataErrorKind.Conflict)
                .And.Message.Contains("chats, messages, users").And.Message.Contains("Search Path=nexus"));

        await AssertUntouchedAsync(before);
        Assert.That(await ReadAsync("SELECT name FROM users"), AreRows("Ada"));
    }

    [Test]
    public async Task They_stop_the_way_down_or_a_start_with_nothing_to_do_in_no_way()
    {
        await MigrateAsync();
        await MigrateAsync(Way.Context);
        await MigrateAsync(20);
        await ExecuteAsync(OfAnother);

        await MigrateAsync(16);

        Assert.That(() => MigrateAsync(Way.Service), Throws.InstanceOf<NexusDataException>());
    }

    [Test]
    public async Task The_remedy_helps_a_schema_of_ones_own()
    {
        await ExecuteAsync(OfAnother + "CREATE SCHEMA nexus;");
        var connectionString = $"{ConnectionString};Search Path=nexus";

        var run = await ToolRun.RunAsync("migrate", "--connection", connectionString);
        var status = await ToolRun.RunAsync("status", "--connection", connectionString);

        Assert.Multiple(async () =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.All);
            Assert.That(status.ExitCode, Is.Zero, status.All);
            Assert.That(await ReadAsync("SELECT count(*) FROM nexus.api_requests"), AreRows("0"));
            Assert.That(await ReadAsync("SELECT name FROM public.users"), AreRows("Ada"));
        });
    }

    [Test]
    public async Task The_tool_says_it_also_in_a_dry_run([Values] bool isDryRun)
    {
        await ExecuteAsync(OfAnother);
        string[] arguments = ["migrate", "--connection", ConnectionString, .. isDryRun ? new[] { "--dry-run" } : []];

        var run = await ToolRun.RunAsync(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Error, Does.Contain("users of another program").And.Not.Contain("Unexpected"));
    }

    [Test]
    public void A_migration_that_was_applied_makes_such_a_table_ours()
    {
        static Migration Create(string id) => id.Contains("Chats", StringComparison.Ordinal) ? new Chats() : new Other();

        string[] with = ["20250101000014_TrainMembers", "20250101000019_Other", "20250101000020_AddChats"];
        Assert.Multiple(() =>
        {
            Assert.That(MigrationObstacles.Foreign("chats,users", with, Create), Is.EqualTo(["chats"]));
            Assert.That(MigrationObstacles.Foreign("chats,users", with[..2], Create), Is.EqualTo(["chats", "users"]));
            Assert.That(MigrationObstacles.Foreign(null, with, Create), Is.Empty);
        });
    }

    [Test]
    public async Task A_view_on_a_column_that_must_become_longer_stops_it_and_is_named([Values] Way way)
    {
        await using (var connection = await OpenAsync())
        {
            await StartingPoint.Bootstrapped[0].MakeAsync(connection);
        }

        await ExecuteAsync("CREATE VIEW paths AS SELECT path FROM api_requests");
        var before = await ReadCatalogAsync();

        Assert.That(
            () => MigrateAsync(way),
            Throws.InstanceOf<NexusDataException>().With.Message.Contains("paths on api_requests.path")
                .And.Message.Contains("nexus-data migrate"));
        await AssertUntouchedAsync(before);

        await ExecuteAsync("DROP VIEW paths");
        await MigrateAsync(way);
        await ExecuteAsync("CREATE VIEW paths AS SELECT path FROM api_requests");
        Assert.That(await ReadCatalogAsync(), Does.Contain("column paths.path character varying(1024)"));
    }

    [Test]
    public async Task A_view_on_a_column_that_is_long_enough_and_a_longer_column_are_left_alone()
    {
        await using (var connection = await OpenAsync())
        {
            await StartingPoint.Levels[^1].MakeAsync(connection);
        }

        await ExecuteAsync("ALTER TABLE api_requests ALTER path TYPE varchar(4000)");
        await ExecuteAsync("CREATE VIEW paths AS SELECT path, train_id FROM api_requests");

        await MigrateAsync(Way.Service);

        Assert.That(await ReadCatalogAsync(), Does.Contain("column paths.path character varying(4000)"));
    }

    [Test]
    public async Task Requests_whose_parents_were_deleted_come_along_where_somebody_had_dropped_the_keys()
    {
        await using (var connection = await OpenAsync())
        {
            await StartingPoint.Levels[^1].MakeAsync(connection);
        }

        await ExecuteAsync("""
            ALTER TABLE api_requests DROP CONSTRAINT api_requests_parent_request_id_fkey,
                DROP CONSTRAINT api_requests_parent_task_request_id_fkey;
            INSERT INTO api_requests
                (request_id, train_id, timestamp, method, path, headers, parent_request_id, parent_task_request_id)
            VALUES (gen_random_uuid(), 'train', now(), 'POST', '/', '{}', gen_random_uuid(), gen_random_uuid());
            """);
        const string parents = "SELECT parent_request_id, parent_task_request_id FROM api_requests";
        var before = await ReadAsync(parents);

        await MigrateAsync(Way.Service);

        Assert.That(await ReadAsync(parents), Is.EqualTo(before));
    }

    private async Task MigrateAsync(Way way)
    {
        if (way == Way.Service)
        {
            var migrator = new SchemaMigrator(new Contexts(ConnectionString));
            await migrator.ApplyAsync(await migrator.PlanAsync());
            return;
        }

        await using var db = OpenContext();
        if (way == Way.Context)
        {
            await db.Database.MigrateAsync();
        }
        else
        {
            // The synchronous way is what 'dotnet ef database update' takes.
#pragma warning disable CA1849
            db.Database.Migrate();
#pragma warning restore CA1849
        }
    }

    // Not even the history is there.
    private async Task AssertUntouchedAsync(List<string> before)
        => Assert.Multiple(async () =>
        {
            Assert.That(await ReadCatalogAsync(), Is.EquivalentTo(before));
            Assert.That(await ReadAsync("""SELECT to_regclass('"__EFMigrationsHistory"') IS NULL"""), AreRows("True"));
            Assert.That(
                await ReadAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
                    + "database = (SELECT oid FROM pg_database WHERE datname = current_database())"),
                AreRows("0"));
        });

    private sealed class Chats : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Operations.Add(new CreateTableOperation { Name = "users" });
    }

    private sealed class Other : Migration
    {
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Operations.Add(new DropTableOperation { Name = "chats" });
    }
}
