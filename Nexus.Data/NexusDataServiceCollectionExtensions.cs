using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Nexus.Data;
using Nexus.Data.Analyses;
using Nexus.Data.Chats;
using Nexus.Data.Chats.Importing;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Browsing;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Credentials;
using Nexus.Data.Masking;
using Nexus.Data.Operations;
using Nexus.Data.Operations.Diagnosis;
using Nexus.Data.Operations.Health;
using Nexus.Data.Operations.Roles;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Nexus.Data.Totals;
using Nexus.Data.Trains;
using Nexus.Data.Usage;
using Npgsql;

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

    /// <summary>
    /// Adds the services for a host that has put the Nexus model into a context of its own, by <c>ApplyNexusModel</c>: its
    /// migrations make the tables, and <see cref="MigrateNexusDataAsync"/> and the health checks go by them. The services
    /// work on the host's data source, with a <see cref="NexusDbContext"/> of ours;
    /// <see cref="NexusTransactions.JoinNexus"/> gives one in a transaction of the host's context.
    /// </summary>
    /// <typeparam name="TContext">The host's context, registered by the host: by a factory, or scoped.</typeparam>
    /// <param name="services">The host's services.</param>
    /// <param name="dataSource">The data source, built with <c>UseNexusTypes</c>. The host disposes it.</param>
    /// <param name="configure">Further options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddNexusData<TContext>(
        this IServiceCollection services, Func<IServiceProvider, NpgsqlDataSource> dataSource,
        Action<NexusDataOptions>? configure = null)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(services);

        services.AddNexusData(dataSource, configure);
        services.RemoveAll<SchemaOwner>();
        return services.AddSingleton<SchemaOwner, HostSchema<TContext>>();
    }

    /// <summary>Adds the context and the services on a data source of the host's own.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="dataSource">The data source, built with <c>UseNexusTypes</c>. The host disposes it.</param>
    /// <param name="configure">Further options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddNexusData(
        this IServiceCollection services, Func<IServiceProvider, NpgsqlDataSource> dataSource,
        Action<NexusDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(dataSource);

        // Options are made more than once; who gives a new data source each time would leave one behind.
        services.AddSingleton(provider => new GivenDataSource(dataSource(provider)));
        services.AddOptions<NexusDataOptions>().Configure<GivenDataSource>((options, given) => options.DataSource = given.Npgsql);
        return services.AddNexusData(options => configure?.Invoke(options));
    }

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

        services.AddOptions<MaskingOptions>().ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<MaskingOptions>, MaskingOptionsValidation>());
        services.AddOptions<RecordingOptions>();
        services.AddSingleton<NexusDataSource>();
        services.TryAddSingleton<SchemaOwner, OwnSchema>();
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
        services.TryAddSingleton(provider => new SecretMasker(
            provider.GetRequiredService<IOptions<MaskingOptions>>().Value));
        services.TryAddSingleton<RequestIntake>();
        services.TryAddSingleton(provider => new CallStore(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(),
            provider.GetRequiredService<RequestIntake>(), provider.GetService<LinkingOptions>(),
            provider.GetService<ILogger<ConversationLinker>>()));
        services.TryAddSingleton(provider => new RequestRecorder(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(),
            provider.GetRequiredService<RequestIntake>(), provider.GetRequiredService<CallStore>()));
        services.TryAddSingleton(provider => new RequestImporter(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(), provider.GetService<LinkingOptions>(),
            provider.GetRequiredService<SecretMasker>(), provider.GetRequiredService<IOptions<RecordingOptions>>().Value));
        services.TryAddSingleton<RequestExporter>();
        services.TryAddSingleton<RequestPruner>();
        services.AddOptions<AnalysisQueueOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<AnalysisQueue>();
        services.TryAddSingleton<AuditLog>();
        services.TryAddSingleton<ConversationOutlines>();
        services.TryAddSingleton<ConversationQueries>();
        services.TryAddSingleton<ConversationAnalyzer>();
        services.TryAddSingleton<ConversationRebuilder>();
        services.TryAddSingleton<TotalsRepair>();
        services.TryAddSingleton<LinkExplainer>();
        services.TryAddSingleton<TrainService>();
        services.TryAddSingleton<TrainMembers>();
        services.TryAddSingleton<TrainAccess>();
        services.TryAddSingleton<ApiKeyService>();
        services.TryAddSingleton(provider => new PasswordHasher(foreign: provider.GetServices<IForeignPasswordHash>()));
        services.TryAddSingleton<Users>();
        services.TryAddSingleton<RepositoryChats>();
        services.TryAddSingleton<Snapshots>();
        services.TryAddSingleton<ChatRooms>();
        services.TryAddSingleton<Messages>();
        services.TryAddSingleton<UnreadMessages>();
        services.TryAddSingleton<MessageFeed>();
        services.TryAddSingleton<ChatImport>();
        services.TryAddSingleton<UsageQueries>();
        services.TryAddSingleton<PriceTable>();
        services.TryAddSingleton<SchemaMigrator>();
        services.TryAddSingleton(provider => new DatabaseStatusReader(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(), provider.GetRequiredService<SchemaOwner>()));
        services.TryAddSingleton<DatabaseEraser>();
        services.TryAddSingleton<RoleSetup>();
        AddCredentials(services);
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<IDatabaseCheck, SchemaCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, UnlinkedRequestCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, StuckAnalysisCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, TotalsCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, MessageFeedCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, InvalidIndexCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, MissingIndexCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, UnusedIndexCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, DeadRowCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, MemoryCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, RoleRightCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, StoredSecretCheck>(),
            ServiceDescriptor.Singleton<IDatabaseCheck, ClearSecretCheck>(),
        ]);
        services.TryAddSingleton<Doctor>();
        return services;
    }

    private static void AddCredentials(IServiceCollection services)
    {
        services.AddOptions<CredentialProtectionOptions>().ValidateOnStart();
        services.AddOptions<OAuthTokenClientOptions>().ValidateOnStart();
        services.AddOptions<AccessTokenOptions>().ValidateOnStart();
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<IValidateOptions<CredentialProtectionOptions>, CredentialProtectionOptionsValidation>(),
            ServiceDescriptor.Singleton<IValidateOptions<OAuthTokenClientOptions>, OAuthTokenClientOptionsValidation>(),
            ServiceDescriptor.Singleton<IValidateOptions<AccessTokenOptions>, AccessTokenOptionsValidation>(),
        ]);
        services.TryAddSingleton<ICredentialProtector, AesCredentialProtector>();
        services.TryAddSingleton<IOAuthTokenClient>(provider => new OAuthTokenClient(
            provider.GetRequiredService<IOptions<OAuthTokenClientOptions>>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new AccessTokens(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(),
            provider.GetRequiredService<ICredentialProtector>(), provider.GetRequiredService<IOAuthTokenClient>(),
            provider.GetRequiredService<IOptions<AccessTokenOptions>>(), provider.GetService<ILogger<AccessTokens>>()));
        services.TryAddSingleton<CredentialStore>();
        services.TryAddSingleton<SecretRotation>();
        services.TryAddSingleton<TrainAccounts>();
    }

    /// <summary>
    /// Adds the queue that takes calls off their callers' path: a hosted service, and the <see cref="RequestIngestQueue"/>
    /// to hand them to.
    /// </summary>
    /// <param name="services">Services that <c>AddNexusData</c> was or will be called on.</param>
    /// <param name="configure">The folder of the spool, and further options.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddNexusRequestIngest(
        this IServiceCollection services, Action<RequestIngestOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);

        services.AddOptions<RequestIngestOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        if (services.Any(service => service.ServiceType == typeof(RequestIngestQueue)))
        {
            return services;
        }

        services.AddLogging();
        services.AddSingleton(provider => new RequestIngestQueue(
            provider.GetRequiredService<IDbContextFactory<NexusDbContext>>(),
            provider.GetRequiredService<RequestIntake>(), provider.GetRequiredService<CallStore>(),
            provider.GetRequiredService<IOptions<RequestIngestOptions>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetService<LinkingOptions>(), provider.GetRequiredService<ILogger<RequestIngestQueue>>()));
        return services.AddHostedService(provider => provider.GetRequiredService<RequestIngestQueue>());
    }

    /// <summary>
    /// Adds health checks: <c>nexus-data</c> and <c>nexus-data-schema</c>, tagged <c>ready</c>, say whether the database
    /// answers and has the schema of this version; where there is a queue, <c>nexus-data-ingest</c>, tagged <c>live</c>,
    /// says whether it works, and that it is behind.
    /// </summary>
    /// <param name="builder">What <c>AddHealthChecks</c> gave.</param>
    /// <returns>The same builder.</returns>
    public static IHealthChecksBuilder AddNexusData(this IHealthChecksBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);

        return builder
            .AddCheck<DatabaseHealthCheck>("nexus-data", tags: ["ready"])
            .AddCheck<SchemaHealthCheck>("nexus-data-schema", tags: ["ready"])
            .AddCheck<IngestHealthCheck>("nexus-data-ingest", tags: ["live"]);
    }

    /// <summary>
    /// Brings the database to the newest version. Any number of processes may do so at once: one migrates, the others
    /// wait and go on. The migrations are in the package Nexus.Data.Migrations, or those of the host's own context where
    /// <c>AddNexusData</c> was told of one.
    /// </summary>
    /// <param name="services">Services that <c>AddNexusData</c> was called on.</param>
    /// <param name="cancellationToken">Gives up waiting, or the step that is being done.</param>
    /// <returns>A task that ends when the database is there.</returns>
    public static async Task MigrateNexusDataAsync(
        this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(services);

        await using var owner = await services.GetRequiredService<SchemaOwner>().OpenAsync(cancellationToken);

        // A step that touches every row of years takes as long as it takes.
        owner.Db.Database.SetCommandTimeout(TimeSpan.Zero);
        await owner.Db.Database.MigrateAsync(cancellationToken);

        // Connections that were opened before do not know the types that are there now.
        await services.GetRequiredService<NexusDataSource>().Npgsql.ReloadTypesAsync(cancellationToken);
    }
}
