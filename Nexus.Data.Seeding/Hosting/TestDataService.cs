using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Nexus.Data.Persistence;
using Nexus.Data.Seeding.Populations;

namespace Nexus.Data.Seeding.Hosting;

/// <summary>Populates the host's database before the host has started.</summary>
internal sealed partial class TestDataService(
    IServiceProvider services, SchemaOwner owner, PopulationStore store, IOptions<NexusTestDataOptions> options,
    ILogger<TestDataService> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        RefuseInProduction();
        await using (var context = await owner.OpenAsync(cancellationToken))
        {
            if ((await context.Db.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
            {
                throw new NexusDataException(
                    NexusDataErrorKind.Validation,
                    "The database is not at the newest version, and nothing was populated: call MigrateNexusDataAsync before the host starts.");
            }
        }

        var wanted = options.Value;
        var report = await store.PutAsync(
            SmallPopulation.Read(), new() { At = wanted.At, Requests = wanted.Requests, Seed = wanted.Seed }, progress: null,
            cancellationToken);
        LogPopulated(report.Added, report.Changed, report.At);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void RefuseInProduction()
    {
        var configuration = services.GetService<IConfiguration>();
        SeedEnvironment.Refuse(
            HostEnvironment.Of(
                name => configuration?[name] ?? Environment.GetEnvironmentVariable(name), services.GetService<IHostEnvironment>()?.EnvironmentName),
            $"Set {HostEnvironment.SharedVariable}=Development where this is not production.",
            $"Where this is not production, set {HostEnvironment.SharedVariable}: a host is production unless it is told otherwise. Where it is, take AddNexusTestData out.");
    }

    [LoggerMessage(1, LogLevel.Information, "Test data: {Added} rows were added and {Changed} put right, as of {At:O}.")]
    private partial void LogPopulated(long added, long changed, DateTimeOffset at);
}
