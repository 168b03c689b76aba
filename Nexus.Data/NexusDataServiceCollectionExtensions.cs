using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Nexus.Data;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Operations;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;

// Beside IServiceCollection, so that a host sees AddNexusData without another using.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Registers Nexus.Data.</summary>
public static class NexusDataServiceCollectionExtensions
{
    /// <summary>
    /// Adds the context, scoped and by a pooled factory, and the services. Safe to call more than once: later options
    /// come after earlier ones, and what the host has registered itself stays.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="connectionString">The database: Npgsql's keywords or a <c>postgresql://</c> address.</param>
    /// <param name="configure">Further options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddNexusData(
        this IServiceCollection services, string connectionString, Action<NexusDataOptions>? configure = null)
        => services.AddNexusData(options =>
        {
            options.ConnectionString = connectionString;
            configure?.Invoke(options);
        });

    /// <inheritdoc cref="AddNexusData(IServiceCollection, string, Action{NexusDataOptions})"/>
    public static IServiceCollection AddNexusData(this IServiceCollection services, Action<NexusDataOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);

        services.AddOptions<NexusDataOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        if (services.Any(service => service.ServiceType == typeof(NexusDataSource)))
        {
            return services;
        }

        services.AddSingleton<NexusDataSource>();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<NexusDataOptions>, NexusDataOptionsValidation>());
        services.AddPooledDbContextFactory<NexusDbContext>((provider, builder) => builder.UseNexus(
            provider.GetRequiredService<NexusDataSource>().Npgsql,
            npgsql => npgsql.CommandTimeout(
                provider.GetRequiredService<IOptions<NexusDataOptions>>().Value.CommandTimeoutSeconds)));
        services.TryAddScoped(
            provider => provider.GetRequiredService<IDbContextFactory<NexusDbContext>>().CreateDbContext());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddScoped(provider => new ConversationLinker(
            provider.GetRequiredService<NexusDbContext>(), provider.GetService<LinkingOptions>(),
            provider.GetService<ILogger<ConversationLinker>>()));
        services.TryAddSingleton<RequestImporter>();
        services.TryAddSingleton<RequestExporter>();
        services.TryAddSingleton<RequestPruner>();
        services.TryAddSingleton<ConversationOutlines>();
        services.TryAddSingleton<ConversationAnalyzer>();
        services.TryAddSingleton<ConversationRebuilder>();
        services.TryAddSingleton<LinkExplainer>();
        services.TryAddSingleton<SchemaMigrator>();
        services.TryAddSingleton<DatabaseStatusReader>();
        services.TryAddSingleton<RoleSetup>();
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<IDatabaseCheck, SchemaCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, UnlinkedRequestCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, InvalidIndexCheck>(),
        ]);
        services.TryAddSingleton<Doctor>();
        return services;
    }

    /// <summary>
    /// Brings the database to the newest version. Any number of processes may do so at once: one migrates, the others
    /// wait and go on. The migrations are in the package Nexus.Data.Migrations.
    /// </summary>
    /// <param name="services">Services that <c>AddNexusData</c> was called on.</param>
    /// <param name="cancellationToken">Gives up waiting, or the step that is being done.</param>
    /// <returns>A task that ends when the database is there.</returns>
    public static async Task MigrateNexusDataAsync(
        this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(services);

        var contexts = services.GetRequiredService<IDbContextFactory<NexusDbContext>>();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);

        // A step that touches every row of years takes as long as it takes.
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await db.Database.MigrateAsync(cancellationToken);

        // Connections that were opened before do not know the types that are there now.
        await services.GetRequiredService<NexusDataSource>().Npgsql.ReloadTypesAsync(cancellationToken);
    }
}
