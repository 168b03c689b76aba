using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Nexus.Data.Embedded;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>
/// The PostgreSQL server of the test run: the one that NEXUS_TEST_DATABASE_URL names, else an embedded one. Asked for
/// only by the tests that need it.
/// </summary>
internal static class Server
{
    private static readonly Lazy<Task<EmbeddedPostgres>> _embedded = new(StartAsync);
    private static readonly Lazy<Task<TemplateDatabases>> _databases = new(CreateDatabasesAsync);

    // Roles are the server's: those of another run, or of somebody's own work, are left alone.
    private static readonly RoleSetupOptions _roles = new()
    {
        Prefix = $"nexus_test_{Guid.NewGuid():N}"[..30],
        Passwords = Enum.GetValues<NexusRole>().ToDictionary(role => role, _ => $"geheim/4711 ü{RolePassword.Generate()}"),
    };

    public static NexusDbContext Open(string connectionString, params IInterceptor[] interceptors)
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(connectionString).AddInterceptors(interceptors);
        return new(builder.Options);
    }

    /// <summary>Waits until a backend of the database is as a condition on <c>pg_stat_activity</c> says.</summary>
    public static async Task WaitForAsync(string connectionString, string condition, Func<bool>? orUntil = null)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND {condition})", connection);
        var clock = Stopwatch.StartNew();
        while (orUntil?.Invoke() is not true && await command.ExecuteScalarAsync() is not true)
        {
            Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromMinutes(2)), "It did not come to that.");
            await Task.Delay(2);
        }
    }

    /// <summary>A connection string for the server's maintenance database.</summary>
    public static async Task<string> ConnectionStringAsync()
        => ConnectionSettings.FindForTests(Environment.GetEnvironmentVariable)?.ConnectionString
           ?? (await _embedded.Value).ConnectionString;

    /// <summary>A migrated database, as the application connects to it.</summary>
    public static async Task<string> CloneAsync()
        => As(NexusRole.App, await (await _databases.Value).CloneAsync());

    /// <summary>The same database, as another role connects to it.</summary>
    public static string As(NexusRole role, string connectionString)
        => new NpgsqlConnectionStringBuilder(connectionString)
        {
            Username = _roles.NameOf(role),
            Password = _roles.Passwords[role],
        }.ConnectionString;

    /// <summary>The same database, as the server's administrator connects to it.</summary>
    public static async Task<string> AsAdministratorAsync(string connectionString)
        => new NpgsqlConnectionStringBuilder(await ConnectionStringAsync())
        {
            Database = new NpgsqlConnectionStringBuilder(connectionString).Database,
        }.ConnectionString;

    public static async Task<string> CreateEmptyAsync() => await (await _databases.Value).CreateEmptyAsync();

    public static async Task DropAsync(string connectionString)
    {
        // Where it was used as both.
        await using (var administrator = new NpgsqlConnection(await AsAdministratorAsync(connectionString)))
        {
            NpgsqlConnection.ClearPool(administrator);
        }

        await (await _databases.Value).DropAsync(connectionString);
    }

    public static async Task StopAsync()
    {
        if (_databases is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _databases.Value).DisposeAsync();
            await DropRolesAsync(await ConnectionStringAsync(), _roles);
        }

        if (_embedded is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _embedded.Value).DisposeAsync();
        }
    }

    /// <summary>Drops roles, and what they own or may do in the database.</summary>
    public static async Task DropRolesAsync(string connectionString, RoleSetupOptions options)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        foreach (var role in Enum.GetValues<NexusRole>().Select(options.NameOf))
        {
            await using var command = source.CreateCommand(
                $"""
                DO $$
                BEGIN
                    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                        DROP OWNED BY {role} CASCADE;
                        DROP ROLE {role};
                    END IF;
                END $$
                """);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static Task<EmbeddedPostgres> StartAsync()
        => EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Announce = TestContext.Progress.WriteLine });

    private static async Task<TemplateDatabases> CreateDatabasesAsync()
        => new(await ConnectionStringAsync(), MigrateAsync);

    private static async Task MigrateAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using (var db = Open(connectionString))
        {
            await db.Database.MigrateAsync(cancellationToken);
        }

        var setup = new RoleSetup(new Contexts(connectionString));
        await setup.ApplyAsync(await setup.PlanAsync(_roles, cancellationToken), cancellationToken);
    }
}
