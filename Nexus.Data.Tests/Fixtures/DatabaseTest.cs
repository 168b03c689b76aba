namespace Nexus.Data.Tests.Fixtures;

/// <summary>Gives each test a migrated database that no other test sees.</summary>
public abstract class DatabaseTest
{
    protected string ConnectionString { get; private set; } = "";

    [SetUp]
    public async Task CreateDatabase() => ConnectionString = await NewDatabaseAsync();

    [TearDown]
    public Task DropDatabase()
        => ConnectionString.Length == 0 ? Task.CompletedTask : Server.DropAsync(ConnectionString);

    /// <summary>A new context each time: what a test reads back was written, not remembered.</summary>
    protected NexusDbContext OpenContext() => Server.Open(ConnectionString);

    private protected virtual Task<string> NewDatabaseAsync() => Server.CloneAsync();
}
