using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Nexus.Data.Tests.Fixtures;

/// <summary>Gives tests what AddNexusData registers, over the test's database.</summary>
public abstract class ServiceTest : DatabaseTest
{
    private readonly List<ServiceProvider> _providers = [];

    [TearDown]
    public async Task DisposeServices()
    {
        foreach (var provider in _providers)
        {
            await provider.DisposeAsync();
        }

        _providers.Clear();
    }

    /// <summary>A service's container, with options of the test's own.</summary>
    protected ServiceProvider Services(Action<IServiceCollection>? configure = null)
    {
        var services = new ServiceCollection().AddNexusData(ConnectionString);
        configure?.Invoke(services);
        var provider = services.BuildServiceProvider();
        _providers.Add(provider);
        return provider;
    }

    /// <summary>One service of a container of its own.</summary>
    protected T Service<T>(Action<IServiceCollection>? configure = null)
        where T : notnull
        => Services(configure).GetRequiredService<T>();

    /// <summary>Contexts as a service has them, for transactions that join services.</summary>
    protected IDbContextFactory<NexusDbContext> Contexts() => Service<IDbContextFactory<NexusDbContext>>();
}
