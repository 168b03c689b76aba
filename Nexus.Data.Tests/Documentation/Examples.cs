using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Data.Conversations;
using Nexus.Data.Embedded;
using Nexus.Data.Recording;

namespace Nexus.Data.Tests.Documentation;

/// <summary>The other examples of the documents.</summary>
internal static class Examples
{
    public static void Register(IServiceCollection services, string connectionString)
    {
        // doc:register
        services.AddNexusData(connectionString, options => options.CommandTimeoutSeconds = 10);
        services.AddScoped<CallRecorder>();
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
}

// doc:own-context
public sealed class ShopDbContext(DbContextOptions<ShopDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyNexusModel();
}
// doc:end
