using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Operations.Health;

/// <summary>Whether the schema is that of this version: not while it is behind, nor while somebody migrates it.</summary>
internal sealed class SchemaHealthCheck(IDbContextFactory<NexusDbContext> contexts, SchemaOwner owner) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            var history = await owner.HistoryAsync(cancellationToken);
            var applied = await db.WithoutWaitingAsync(
                () => db.ReadAllAsync(history.Applied, [], reader => reader.GetString(0), cancellationToken), cancellationToken);
            if (applied is null)
            {
                return new(context.Registration.FailureStatus, "Somebody is migrating the database.");
            }

            var pending = history.Known.Except(applied, StringComparer.Ordinal).ToList();
            var unknown = owner.Unknown(applied, history.Known).Count();
            var data = new Dictionary<string, object> { ["pending"] = pending, ["unknown"] = unknown };
            return pending.Count > 0
                ? new(
                    context.Registration.FailureStatus,
                    $"The database lacks {pending.Count} migrations, from {pending[0]} on. {owner.Remedy}",
                    data: data)
                : HealthCheckResult.Healthy(
                    unknown > 0 ? "The database is newer than this version." : "The schema is current.", data);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return new(context.Registration.FailureStatus, $"The database has no migrations. {owner.Remedy}");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return new(context.Registration.FailureStatus, "The database's migrations cannot be read.", exception);
        }
    }
}
