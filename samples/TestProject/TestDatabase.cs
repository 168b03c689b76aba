using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Embedded;

namespace Nexus.Samples.TestProject;

/// <summary>One server and one migrated database for the whole run. They go with the process.</summary>
[SetUpFixture]
public sealed class TestDatabase
{
    private static EmbeddedPostgres _server = null!;
    private static TemplateDatabases _databases = null!;
    private static DatabaseReset _reset = null!;

    public static string ConnectionString { get; private set; } = "";

    public static Task EmptyAsync() => _reset.ResetAsync();

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true, Announce = TestContext.Progress.WriteLine });
        _databases = new(_server.ConnectionString, async (connection, cancellationToken) =>
        {
            await using var services = new ServiceCollection().AddNexusData(connection).BuildServiceProvider();
            await services.MigrateNexusDataAsync(cancellationToken);
        });
        ConnectionString = await _databases.CloneAsync();

        // It looks at the tables once; what migrations have put into some of them could be kept by name.
        _reset = await DatabaseReset.CreateAsync(ConnectionString, new());
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        await _reset.DisposeAsync();
        await _databases.DisposeAsync();
        await _server.DisposeAsync();
    }
}
