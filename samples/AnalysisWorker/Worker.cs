using Microsoft.Extensions.Options;
using Nexus.Data;
using Nexus.Data.Analyses;

namespace Nexus.Samples.AnalysisWorker;

/// <summary>
/// Takes analyses from the queue, several at once, prolongs their leases while they are worked on, and completes or fails them.
/// Any number of such processes may run. One that dies loses nothing: others take over what it had when the leases run out.
/// </summary>
internal sealed partial class Worker(
    AnalysisQueue queue, ConversationAnalyst analyst, IOptions<WorkerOptions> options, TimeProvider time, ILogger<Worker> logger)
    : BackgroundService
{
    private readonly string _name = $"{Environment.MachineName} {Environment.ProcessId}";
    private readonly TimeSpan _lease = TimeSpan.FromSeconds(options.Value.LeaseSeconds);
    private readonly TimeSpan _pause = TimeSpan.FromMilliseconds(options.Value.PauseMs);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        // Each takes one job after the other, so that a long one holds up nobody else.
        => await Task.WhenAll(Enumerable.Range(0, options.Value.Jobs).Select(_ => TakeJobsAsync(stoppingToken)));

    private async Task TakeJobsAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await queue.ClaimAsync(_name, count: 1, _lease, stoppingToken) is [var job])
                {
                    await WorkAsync(job, stoppingToken);
                    continue;
                }
            }
            catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Unavailable)
            {
                LogUnavailable(exception.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WorkAsync(AnalysisJob job, CancellationToken stoppingToken)
    {
        using var work = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var heartbeat = HoldAsync(job, work);
        try
        {
            var result = await analyst.AnalyzeAsync(job, work.Token);
            var counted = await queue.CompleteAsync(job, result, CancellationToken.None);
            LogCompleted(job.Id, counted);
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested)
        {
            // The host stops, or somebody else has the job now: it is tried again when the lease has run out.
            LogLeft(job.Id);
        }
        catch (AnalysisRefusedException exception)
        {
            await FailAsync(job, AnalysisError.Of(exception) with { IsRetryable = false });
        }
        catch (Exception exception) when (exception is not NexusDataException { Kind: NexusDataErrorKind.Unavailable })
        {
            await FailAsync(job, AnalysisError.Of(exception));
        }
        finally
        {
            await work.CancelAsync();
            await heartbeat;
        }
    }

    // Stops the work where the lease is lost: what it found would not count.
    private async Task HoldAsync(AnalysisJob job, CancellationTokenSource work)
    {
        using var timer = new PeriodicTimer(_lease / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(work.Token))
            {
                try
                {
                    if (await queue.HeartbeatAsync(job, _lease, work.Token) is null)
                    {
                        await work.CancelAsync();
                    }
                }
                catch (NexusDataException exception)
                {
                    // It may be back before the lease runs out; whether it was, the queue says when the work is done.
                    LogUnavailable(exception.Message);
                }
            }
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested)
        {
        }
    }

    private async Task FailAsync(AnalysisJob job, AnalysisError error)
    {
        var failed = await queue.FailAsync(job, error, CancellationToken.None);
        LogFailed(job.Id, failed.Outcome, error.Message);
    }

    [LoggerMessage(LogLevel.Information, "Analysis {Id} is completed; counted: {Counted}.")]
    private partial void LogCompleted(long id, bool counted);

    [LoggerMessage(LogLevel.Information, "Analysis {Id} is left to others.")]
    private partial void LogLeft(long id);

    [LoggerMessage(LogLevel.Warning, "Analysis {Id} failed ({Outcome}): {Message}")]
    private partial void LogFailed(long id, FailedTryOutcome outcome, string message);

    [LoggerMessage(LogLevel.Warning, "The database cannot be had: {Message}")]
    private partial void LogUnavailable(string message);
}
