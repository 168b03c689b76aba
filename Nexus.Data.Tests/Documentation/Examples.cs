using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Chats;
using Nexus.Data.Conversations;
using Nexus.Data.Embedded;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Nexus.Data.Recording.Answers;
using Npgsql;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The other examples of the documents.</summary>
internal static class Examples
{
    public static void Register(IServiceCollection services, string connectionString, string spoolFolder)
    {
        // doc:register
        services.AddNexusData(connectionString, options => options.CommandTimeoutSeconds = 10);
        services.AddNexusRequestIngest(options => options.SpoolFolder = spoolFolder);
        services.AddHealthChecks().AddNexusData();
        services.AddSingleton<RecordingProxy>();
        // doc:end
    }

    public static void ConfigureMasking(IServiceCollection services, string key)
    {
        // doc:masking
        services.Configure<MaskingOptions>(options =>
        {
            options.EmailAddresses = MaskingAction.Mask;
            options.Trains["rail-club"] = new() { CardNumbers = MaskingAction.Drop };
            options.Key = key;
        });
        // doc:end
    }

    public static async Task StreamAsync(
        RequestRecorder recorder, RecordedRequest call, Stream answer, CancellationToken cancellationToken)
    {
        // doc:stream
        await recorder.RecordAsync(call, cancellationToken);
        await foreach (var item in ServerSentEvents.ReadAsync(answer, cancellationToken: cancellationToken))
        {
            await recorder.AppendChunksAsync(call.RequestId, [item], cancellationToken);
        }

        var place = await recorder.CompleteAsync(call.RequestId, new() { Status = 200 }, cancellationToken);
        // doc:end
        _ = place;
    }

    public static async Task RenameAsync(
        IDbContextFactory<NexusDbContext> contexts, Guid trainId, string name, CancellationToken cancellationToken)
    {
        // doc:transaction
        await contexts.ExecuteInTransactionAsync(
            async (db, token) =>
            {
                var train = await db.Trains.SingleAsync(train => train.Id == trainId, token);
                train.Name = name;
                await db.SaveChangesAsync(token);
            },
            cancellationToken);
        // doc:end
    }

    public static async Task MigrateAsync(IServiceProvider provider)
    {
        // doc:migrate
        await provider.MigrateNexusDataAsync();
        // doc:end
    }

    public static async Task<int> SweepAsync(IServiceScopeFactory scopes, CancellationToken cancellationToken)
    {
        // doc:sweep
        await using var scope = scopes.CreateAsyncScope();
        var linker = scope.ServiceProvider.GetRequiredService<ConversationLinker>();
        var linked = await linker.LinkDeferredAsync(cancellationToken: cancellationToken);
        // doc:end
        return linked;
    }

    public static async Task AnswerAsync(
        NexusDbContext db, ConversationLinker linker, Guid requestId, byte[] answer, CancellationToken cancellationToken)
    {
        // doc:answer
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var request = await db.Requests.SingleAsync(
            request => request.RequestId == requestId, cancellationToken);
        request.SetResponseBody(answer);
        request.ResponseStatus = 200;
        await linker.LinkAnswerAsync(request, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        // doc:end
    }

    public static async Task<ImportReport> ImportAsync(
        RequestImporter importer, string path, Stream rejects, CancellationToken cancellationToken)
    {
        // doc:import
        await using var log = File.OpenRead(path);
        var report = await importer.ImportAsync(log, new ImportOptions { Rejects = rejects }, cancellationToken);
        // doc:end
        return report;
    }

    public static async Task<string> EmbedAsync()
    {
        // doc:embedded
        await using var server = await EmbeddedPostgres.StartAsync(new() { ThrowAway = true });
        await using var databases = new TemplateDatabases(server.ConnectionString, async (connection, cancellationToken) =>
        {
            await using var provider = new ServiceCollection().AddNexusData(connection).BuildServiceProvider();
            await provider.MigrateNexusDataAsync(cancellationToken);
        });
        var connectionString = await databases.CloneAsync();
        // doc:end
        return connectionString;
    }

    public static async Task ResetAsync(string connectionString)
    {
        // doc:reset
        await using var reset = await DatabaseReset.CreateAsync(connectionString, new() { Keep = ["model_prices"] });
        await reset.ResetAsync();
        // doc:end
    }
}

public static class OwnContextExamples
{
    public static void Register(IServiceCollection services, string connectionString)
    {
        // doc:own-context-services
        services.AddSingleton(new NpgsqlDataSourceBuilder(connectionString).UseNexusTypes().Build());
        services.AddDbContextFactory<ShopDbContext>((provider, options) => options.UseNexus(
            provider.GetRequiredService<NpgsqlDataSource>(), npgsql => npgsql.MigrationsAssembly("Shop")));
        services.AddNexusData<ShopDbContext>(provider => provider.GetRequiredService<NpgsqlDataSource>());
        // doc:end
    }

    public static async Task OrderAsync(
        ShopDbContext shop, Messages messages, object order, NewMessage message, CancellationToken cancellationToken)
    {
        // doc:own-context-transaction
        await using var transaction = await shop.Database.BeginTransactionAsync(cancellationToken);
        shop.Add(order);
        await shop.SaveChangesAsync(cancellationToken);
        await using (var nexus = shop.JoinNexus())
        {
            await messages.In(nexus).PostAsync(message, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        // doc:end
    }
}

// doc:own-context-factory
public sealed class ShopDbContextFactory : IDesignTimeDbContextFactory<ShopDbContext>
{
    public ShopDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<ShopDbContext>();
        options.UseNexus(
            Environment.GetEnvironmentVariable("ConnectionStrings__Shop") ?? "Host=localhost;Database=shop",
            npgsql => npgsql.MigrationsAssembly("Shop"));
        return new(options.Options);
    }
}
// doc:end

// doc:own-context
public sealed class ShopDbContext(DbContextOptions<ShopDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyNexusModel();
}
// doc:end

// doc:own-factory
public sealed class DesignTimeFactory : IDesignTimeDbContextFactory<NexusDbContext>
{
    public NexusDbContext CreateDbContext(string[] args)
    {
        var builder = new DbContextOptionsBuilder<NexusDbContext>();
        // What reads the model only asks no server.
        var connection = ConnectionSettings.Find(null, ConnectionScope.Own, Environment.GetEnvironmentVariable);
        builder.UseNexus(connection?.ConnectionString ?? "Host=localhost;Database=nexus");
        return new(builder.Options);
    }
}
// doc:end
