using Nexus.Data.Embedded;
using Nexus.Data.Tests.Fixtures;
using Npgsql;

namespace Nexus.Data.Tests.Embedded;

public sealed class TemplateDatabasesTests
{
    [Test]
    public async Task Clones_begin_as_the_template_and_know_nothing_of_each_other()
    {
        var migrations = 0;
        await using var databases = new TemplateDatabases(
            await Server.ConnectionStringAsync(),
            async (connectionString, _) =>
            {
                migrations++;
                await ExecuteAsync(connectionString, "CREATE TABLE notes AS SELECT 'first' AS text");
            });

        var clones = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => databases.CloneAsync()));
        await ExecuteAsync(clones[0], "INSERT INTO notes VALUES ('second')");

        Assert.Multiple(async () =>
        {
            Assert.That(migrations, Is.EqualTo(1));
            Assert.That(await ScalarAsync(clones[0], "SELECT count(*) FROM notes"), Is.EqualTo(2));
            Assert.That(await ScalarAsync(clones[1], "SELECT count(*) FROM notes"), Is.EqualTo(1));
        });
    }

    [Test]
    public async Task Nothing_is_left_on_the_server_though_connections_were_open()
    {
        var server = await Server.ConnectionStringAsync();
        var databases = new TemplateDatabases(server, (_, _) => Task.CompletedTask, "nexus_left");
        await using var open = new NpgsqlConnection(await databases.CloneAsync());
        await open.OpenAsync();
        await ExecuteAsync(await databases.CreateEmptyAsync(), "CREATE TABLE notes ()");

        await databases.DisposeAsync();

        const string left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'nexus_left%'";
        Assert.That(await ScalarAsync(server, left), Is.Zero);
    }

    [Test]
    public async Task A_failed_migration_leaves_no_template_and_is_tried_again()
    {
        var server = await Server.ConnectionStringAsync();
        var attempts = 0;
        await using var databases = new TemplateDatabases(
            server,
            (connectionString, _) => ExecuteAsync(connectionString, ++attempts == 1 ? "SELECT 1/0" : "SELECT 1"),
            "nexus_failed");

        Assert.That(() => databases.CloneAsync(), Throws.TypeOf<PostgresException>());
        const string left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'nexus_failed%'";
        Assert.That(await ScalarAsync(server, left), Is.Zero);

        Assert.That(await databases.CloneAsync(), Does.Contain("nexus_failed_"));
    }

    [Test]
    public async Task A_database_of_somebody_else_is_not_dropped()
    {
        var server = await Server.ConnectionStringAsync();
        await using var databases = new TemplateDatabases(server, (_, _) => Task.CompletedTask);

        Assert.That(() => databases.DropAsync(server), Throws.ArgumentException);
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> ScalarAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
