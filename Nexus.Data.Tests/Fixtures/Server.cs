using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Nexus.Data.Embedded;
using Nexus.Data.Persistence;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>
/// The PostgreSQL server of the test run: the one that NEXUS_TEST_DATABASE_URL names, else an embedded one. Asked for
/// only by the tests that need it.
/// </summary>
internal static class Server
{
    private static readonly Lazy<Task<EmbeddedPostgres>> _embedded = new(StartAsync);
    private static readonly Lazy<Task<TemplateDatabases>> _databases = new(CreateDatabasesAsync);

    public static NexusDbContext Open(string connectionString, params IInterceptor[] interceptors)
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        builder.UseNexus(connectionString).AddInterceptors(interceptors);
        return new(builder.Options);
    }

    /// <summary>A connection string for the server's maintenance database.</summary>
    public static async Task<string> ConnectionStringAsync()
        => ConnectionSettings.FindForTests(Environment.GetEnvironmentVariable)?.ConnectionString
           ?? (await _embedded.Value).ConnectionString;

    public static async Task<string> CloneAsync() => await (await _databases.Value).CloneAsync();

    public static async Task<string> CreateEmptyAsync() => await (await _databases.Value).CreateEmptyAsync();

    public static async Task DropAsync(string connectionString)
        => await (await _databases.Value).DropAsync(connectionString);

    public static async Task StopAsync()
    {
        if (_databases is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _databases.Value).DisposeAsync();
        }

        if (_embedded is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _embedded.Value).DisposeAsync();
        }
    }

    private static async Task MigrateAsync(string connectionString)
    {
        await using var db = Open(connectionString);
        await db.Database.MigrateAsync();
    }

    private static Task<EmbeddedPostgres> StartAsync()
        => EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Announce = TestContext.Progress.WriteLine });

    private static async Task<TemplateDatabases> CreateDatabasesAsync()
        => new(await ConnectionStringAsync(), MigrateAsync);

    private static async Task MigrateAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var db = Open(connectionString);
        await db.Database.MigrateAsync(cancellationToken);
    }
}
