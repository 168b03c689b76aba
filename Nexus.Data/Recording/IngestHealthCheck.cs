using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Nexus.Data.Recording;

/// <summary>Whether the queue works, and how far it is behind. A database that is away is no reason to end the process:
/// what is acknowledged is in the spool.</summary>
internal sealed class IngestHealthCheck(IServiceProvider services, IOptions<RequestIngestOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(services.GetService<RequestIngestQueue>() is not { } queue
            ? HealthCheckResult.Healthy("There is no queue.")
            : Check(queue, context));

    private HealthCheckResult Check(RequestIngestQueue queue, HealthCheckContext context)
    {
        var data = new Dictionary<string, object>
        {
            ["depth"] = queue.Depth,
            ["bytes"] = queue.SpoolBytes,
            ["lagSeconds"] = queue.Lag.TotalSeconds,
        };
        return !queue.IsRunning
            ? new(context.Registration.FailureStatus, "The queue does not run.", data: data)
            : queue.Lag > TimeSpan.FromSeconds(options.Value.DegradedAfterSeconds)
                ? HealthCheckResult.Degraded("What was handed in is stored late.", queue.LastError, data)
            : HealthCheckResult.Healthy("What was handed in is stored.", data);
    }
}
