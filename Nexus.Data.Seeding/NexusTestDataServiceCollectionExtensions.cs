using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Nexus.Data;
using Nexus.Data.Credentials;
using Nexus.Data.Seeding.Hosting;
using Nexus.Data.Seeding.Populations;

// Beside IServiceCollection, so that a host sees AddNexusTestData without another using.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Registers test data.</summary>
public static class NexusTestDataServiceCollectionExtensions
{
    /// <summary>
    /// Adds a hosted service that populates the database when the host starts: a few people with chats, and a proxy with linked requests.
    /// Nothing is there twice, so that any number of hosts may start at once and again. Each start puts right what differs in the
    /// population's people and chats (passwords, names, states, texts); rows of others, and what is there of the proxy, stay. The start
    /// fails where the environment is production or nobody says what it is, and where the database is not at the newest version. Safe to
    /// call more than once: later options come after earlier ones.
    /// </summary>
    /// <remarks>Requests are masked, recorded and linked as the options are without anything configured, not as the host has them.
    /// </remarks>
    /// <param name="services">Services that <c>AddNexusData</c> was or will be called on. Hosted services that need the rows are added
    /// after it.</param>
    /// <param name="seed">Where the random numbers of the proxy begin: the same seed and time make the same rows everywhere.</param>
    /// <param name="configure">Further options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddNexusTestData(
        this IServiceCollection services, int seed = SmallPopulationOptions.DefaultSeed, Action<NexusTestDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);

        services.AddLogging();
        services.AddOptions<NexusTestDataOptions>()
            .Configure(options =>
            {
                options.Seed = seed;
                configure?.Invoke(options);
            })
            .ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new PopulationStore(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ICredentialProtector>()));
        return services.AddHostedService<TestDataService>();
    }
}
