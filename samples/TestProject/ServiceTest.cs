using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data;

namespace Nexus.Samples.TestProject;

/// <summary>Gives each test an empty database and the services of Nexus.Data on it.</summary>
public abstract class ServiceTest
{
    /// <summary>What fakers count times from.</summary>
    protected static readonly DateTimeOffset Noon = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private ServiceProvider _services = null!;

    protected T Get<T>()
        where T : notnull
        => _services.GetRequiredService<T>();

    /// <summary>Stores rows that fakers made.</summary>
    protected async Task StoreAsync(params IEnumerable<object> rows)
    {
        await using var db = await OpenAsync();
        db.AddRange(rows);
        await db.SaveChangesAsync();
    }

    /// <summary>A new context each time: what a test reads back was written, not remembered.</summary>
    protected Task<NexusDbContext> OpenAsync() => Get<IDbContextFactory<NexusDbContext>>().CreateDbContextAsync();

    [SetUp]
    public async Task EmptyDatabase()
    {
        await TestDatabase.EmptyAsync();
        _services = new ServiceCollection().AddNexusData(TestDatabase.ConnectionString).BuildServiceProvider();
    }

    [TearDown]
    public ValueTask DisposeServices() => _services.DisposeAsync();
}
