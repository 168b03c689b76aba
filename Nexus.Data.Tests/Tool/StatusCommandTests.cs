using Nexus.Data.Tests.Fixtures;
using Nexus.Data.Tool;
using Npgsql;

namespace Nexus.Data.Tests.Tool;

public sealed class StatusCommandTests : DatabaseTest
{
    [Test]
    public async Task A_current_database_is_ours_and_the_exit_code_is_0()
    {
        var run = await RunAsync();

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(
            run.Output,
            Does.Contain("PostgreSQL 1").And.Contain("the newest version").And.Contain("applied 000 InitDatabase")
                .And.Contain("api_requests").And.Contain("0 requests wait to be linked"));
    }

    [Test]
    public async Task JSON_has_the_same()
    {
        var status = (await RunAsync("--json")).Json.GetProperty("status");

        Assert.Multiple(() =>
        {
            Assert.That(status.GetProperty("origin").GetString(), Is.EqualTo("ours"));
            Assert.That(status.GetProperty("is_current").GetBoolean(), Is.True);
            Assert.That(status.GetProperty("pending").GetArrayLength(), Is.Zero);
            Assert.That(status.GetProperty("bytes").GetInt64(), Is.Positive);
        });
    }

    [TestCase("DROP SCHEMA public CASCADE; CREATE SCHEMA public", "It is empty")]
    [TestCase(
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE invoices (id int)", "tables of another program")]
    [TestCase("""DROP TABLE "__EFMigrationsHistory" """, "the history of migrations is gone")]
    [TestCase("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" > '20250101000015' """, "behind")]
    [TestCase("""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" > '20250101000015' """, "pending 017")]
    public async Task Any_other_database_is_told_by_what_it_holds(string sql, string sentence)
    {
        await using var connection = await ConnectAsync();
        await ExecuteAsync(connection, sql);

        var run = await RunAsync();

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Output, Does.Contain(sentence));
    }

    [Test]
    public async Task A_migration_of_a_newer_version_is_named()
    {
        await using var connection = await ConnectAsync();
        await ExecuteAsync(
            connection, """INSERT INTO "__EFMigrationsHistory" VALUES ('20250101000099_Later', '99')""");

        var run = await RunAsync();

        Assert.That(run.ExitCode, Is.Zero, run.All);
        Assert.That(run.Output, Does.Contain("newer than this one").And.Contain("Later, not known"));
    }

    [TestCase("""LOCK TABLE "__EFMigrationsHistory" IN ACCESS EXCLUSIVE MODE""")]
    [TestCase("SELECT pg_advisory_xact_lock(hashtextextended('nexus.migrate', 0))")]
    [TestCase("""LOCK TABLE api_requests, "__EFMigrationsHistory" IN ACCESS EXCLUSIVE MODE""")]
    public async Task While_somebody_migrates_it_says_so_at_once(string migration)
    {
        await using var connection = await ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, migration);

        var run = await RunAsync();

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.CheckFailed), run.All);
        Assert.That(run.Output, Does.Contain("Somebody is migrating it"));
    }

    // As an administrator: a schema that was dropped and made anew is nobody's to use yet.
    private async Task<ToolRun> RunAsync(params string[] arguments)
        => await ToolRun.RunAsync(["status", .. arguments, "--connection", await AdministratorAsync()]);

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(await AdministratorAsync());
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
