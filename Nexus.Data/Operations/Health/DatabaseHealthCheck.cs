using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Nexus.Data.Persistence;

namespace Nexus.Data.Operations.Health;

/// <summary>Whether the database answers.</summary>
internal sealed class DatabaseHealthCheck(IDbContextFactory<NexusDbContext> contexts) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            await db.ExecuteAsync("SELECT 1", [], cancellationToken);
            return HealthCheckResult.Healthy("The database answers.");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return new(context.Registration.FailureStatus, "The database does not answer.", exception);
        }
    }
}
