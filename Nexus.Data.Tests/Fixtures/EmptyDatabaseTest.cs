namespace Nexus.Data.Tests.Fixtures;

/// <summary>Gives each test an empty database: for what is about migrations.</summary>
public abstract class EmptyDatabaseTest : DatabaseTest
{
    private protected override Task<string> NewDatabaseAsync() => Server.CreateEmptyAsync();
}
