namespace Nexus.Data.Analyses;

/// <summary>A job that the transaction holds, and whose try is to end.</summary>
/// <param name="Id">The analysis.</param>
/// <param name="RetryCount">How many tries came before.</param>
/// <param name="Errors">What went wrong in them.</param>
/// <param name="Place">The branch.</param>
/// <param name="Worker">Who had it; null for a worker that leaves no name.</param>
/// <param name="LeaseId">The claim; null for a worker that has none.</param>
/// <param name="Now">The database's time.</param>
internal sealed record HeldTry(
    long Id, int RetryCount, string? Errors, AnalysisPlace Place, string? Worker, Guid? LeaseId, DateTimeOffset Now);

/// <summary>How a try without an answer ends.</summary>
/// <param name="Id">The analysis.</param>
/// <param name="RetryCount">How many tries there were, or for the last one: came before it.</param>
/// <param name="Errors">What went wrong in all of them.</param>
/// <param name="Delay">How long until the next try; null where there is none.</param>
/// <param name="Audit">What the audit log says of it.</param>
internal sealed record EndedTry(long Id, int RetryCount, string Errors, TimeSpan? Delay, AuditLogEntry Audit)
{
    /// <summary>A worker told of an error.</summary>
    public static EndedTry Of(HeldTry job, AnalysisError error, AuditContext audit, AnalysisQueueOptions options)
    {
        var isLast = !error.IsRetryable || job.RetryCount >= options.MaxRetries;
        var retryCount = isLast ? job.RetryCount : job.RetryCount + 1;
        return new(
            job.Id, retryCount,
            ErrorHistory.Add(
                job.Errors, isLast ? ErrorHistory.FinalError : ErrorHistory.RetryEntry(retryCount), error, job.Now),
            isLast ? null : RetryDelay.Before(options, retryCount, Random.Shared.NextDouble()),
            AuditEntries.Of(
                job.Place, AuditEvents.Completion, audit,
                new
                {
                    AnalysisId = job.Id,
                    Status = isLast ? "failed" : "pending",
                    RetryCount = retryCount,
                    Error = error.Message,
                    error.Name,
                },
                AuditOutcomes.Failure));
    }

    /// <summary>Nobody told of anything until the lease ran out.</summary>
    public static EndedTry OfLost(HeldTry job, AnalysisQueueOptions options)
    {
        var error = new AnalysisError(
            job.Worker is { } worker ? $"Worker '{worker}' was not heard of until its lease ran out." : "Its worker was not heard of any more.",
            "LeaseExpired");
        var audit = new AuditContext(job.LeaseId?.ToString() ?? "recovery")
        {
            UserContext = AuditEntries.Json(new { job.Worker }),
        };
        var ended = Of(job, error, audit, options);
        return ended with { Errors = ErrorHistory.Add(ended.Errors, ErrorHistory.StuckJob, error.Message) };
    }
}
