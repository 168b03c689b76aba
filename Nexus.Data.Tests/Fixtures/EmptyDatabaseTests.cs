using Npgsql;

namespace Nexus.Data.Tests.Fixtures;

public sealed class EmptyDatabaseTests : EmptyDatabaseTest
{
    [Test]
    public async Task It_has_no_table()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var command = source.CreateCommand("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");

        Assert.That(await command.ExecuteScalarAsync(), Is.Zero);
    }
}
