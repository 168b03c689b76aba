using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Recording.Spooling;

namespace Nexus.Data.Recording;

/// <summary>What became of something that was handed to the queue.</summary>
public enum EnqueueOutcome
{
    /// <summary>It is in the spool, and will be stored.</summary>
    Accepted,

    /// <summary>The spool is full: that there was a call, its usage, status and error will be stored, its bodies will not.
    /// </summary>
    PayloadDropped,
}

/// <summary>
/// Takes calls off their callers' path: each is masked, checked and written to a spool on disk before it is acknowledged,
/// and stored by batches after. What was acknowledged is stored once, also where the process or the server is killed.
/// </summary>
/// <remarks>
/// A hosted service. Where it is stopped it stores what waits, as long as the host lets it; the rest is stored after the
/// next start. What cannot be stored for its content goes to <c>rejects.jsonl</c> in the spool's folder, with the reason.
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue, though no collection.")]
public sealed partial class RequestIngestQueue : IHostedService, IAsyncDisposable
{
    // Of a spool that is full for bodies, this part is left for calls without them.
    private const int Reserve = 8;

    // Rows with their bodies that a sweep holds at once.
    private const int SweepPage = 50;

    // Entries say by themselves what they are.
    private const byte EntryKind = 0;

    private readonly IDbContextFactory<NexusDbContext> _contexts;
    private readonly RequestIntake _intake;
    private readonly CallStore _store;
    private readonly RequestIngestOptions _options;
    private readonly TimeProvider _time;
    private readonly LinkingOptions? _linking;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly IngestMetrics _metrics;

    // Calls of which pieces were dropped and no answer has come since.
    private readonly ConcurrentDictionary<Guid, bool> _dropped = [];
    private Spool? _spool;
    private Rejects? _rejects;
    private Task _worker = Task.CompletedTask;
    private Task _sweep = Task.CompletedTask;
    private bool _isDisposed;

    internal RequestIngestQueue(
        IDbContextFactory<NexusDbContext> contexts, RequestIntake intake, CallStore store,
        IOptions<RequestIngestOptions> options, TimeProvider time, LinkingOptions? linking,
        ILogger<RequestIngestQueue> logger)
    {
        (_contexts, _intake, _store, _options, _time) = (contexts, intake, store, options.Value, time);
        (_linking, _logger) = (linking, logger);
        _metrics = new(this);
    }

    /// <summary>Entries that are acknowledged and not stored yet.</summary>
    public long Depth => _spool?.Count ?? 0;

    /// <summary>Bytes of the spool.</summary>
    public long SpoolBytes => _spool?.Bytes ?? 0;

    /// <summary>How long the oldest of them waits; zero where none does.</summary>
    public TimeSpan Lag => _spool?.OldestAge ?? TimeSpan.Zero;

    /// <summary>Why the last batch could not be stored; null where it was.</summary>
    internal Exception? LastError { get; private set; }

    internal bool IsRunning => _spool is not null && !_worker.IsCompleted;

    /// <summary>Takes a call. When this returns, it is in the spool.</summary>
    /// <param name="request">The call.</param>
    /// <param name="cancellationToken">Stops waiting for room; the call is not acknowledged then.</param>
    /// <exception cref="NexusDataException">It cannot be stored (validation), or the spool cannot be written
    /// (unavailable). It is not acknowledged then.</exception>
    public ValueTask<EnqueueOutcome> EnqueueAsync(RecordedRequest request, CancellationToken cancellationToken = default)
        => AppendAsync(_intake.Take(request), cancellationToken);

    /// <summary>Takes the end of a call that was handed in before: its answer, whatever its status.</summary>
    /// <param name="trainId">The train of the call, by whose rules secrets are masked.</param>
    /// <param name="requestId">The call.</param>
    /// <param name="response">Its answer. Without a body it is rebuilt from the pieces that were handed in.</param>
    /// <param name="cancellationToken">Stops waiting for room; the answer is not acknowledged then.</param>
    /// <exception cref="NexusDataException">It cannot be stored (validation), or the spool cannot be written
    /// (unavailable). It is not acknowledged then.</exception>
    public ValueTask<EnqueueOutcome> EnqueueAnswerAsync(
        string trainId, Guid requestId, RecordedResponse response, CancellationToken cancellationToken = default)
        => AppendAsync(_intake.Take(trainId, requestId, response), cancellationToken);

    /// <summary>Takes pieces of a streamed answer as they arrive.</summary>
    /// <param name="trainId">The train of the call, by whose rules secrets are masked.</param>
    /// <param name="requestId">The call.</param>
    /// <param name="events">The pieces, each with its place in the stream. Several in one call are cheaper.</param>
    /// <param name="cancellationToken">Stops waiting for room; the pieces are not acknowledged then.</param>
    /// <exception cref="NexusDataException">The spool cannot be written (unavailable). They are not acknowledged then.
    /// </exception>
    public ValueTask<EnqueueOutcome> EnqueueChunksAsync(
        string trainId, Guid requestId, IEnumerable<StreamEvent> events, CancellationToken cancellationToken = default)
        => _intake.Take(trainId, requestId, events) is { Events.Count: > 0 } write
            ? AppendAsync(write, cancellationToken)
            : ValueTask.FromResult(EnqueueOutcome.Accepted);

    /// <summary>Takes that a call failed or was aborted.</summary>
    /// <param name="trainId">The train of the call, by whose rules secrets are masked.</param>
    /// <param name="requestId">The call.</param>
    /// <param name="error">What went wrong, in words.</param>
    /// <param name="cancellationToken">Stops waiting for room; it is not acknowledged then.</param>
    /// <exception cref="NexusDataException">The spool cannot be written (unavailable). It is not acknowledged then.
    /// </exception>
    public ValueTask<EnqueueOutcome> EnqueueFailureAsync(
        string trainId, Guid requestId, string error, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(error);
        return EnqueueAnswerAsync(trainId, requestId, new() { Error = error }, cancellationToken);
    }

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _spool = await Spool.OpenAsync(
            new()
            {
                Folder = _options.SpoolFolder,
                MaxBytes = _options.WhenFull == SpoolFullMode.DropPayload
                    ? _options.MaxSpoolBytes + (_options.MaxSpoolBytes / Reserve)
                    : _options.MaxSpoolBytes,
                CacheBytes = _options.CacheBytes,
                FlushToDisk = _options.FlushToDisk,
            },
            _time, _logger, cancellationToken);
        _rejects = new(_options.SpoolFolder);
        if (_spool.Count > 0)
        {
            LogResumed(_spool.Count);
        }

        _worker = Task.Run(() => StoreAllAsync(_spool, _stop.Token), CancellationToken.None);
        if (_options.SweepSeconds > 0)
        {
            _sweep = Task.Run(() => SweepAsync(_stop.Token), CancellationToken.None);
        }
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // What comes from now on is spooled too, and stored now or after the next start.
        while (Depth > 0 && !_worker.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAny(_worker, Task.Delay(20, CancellationToken.None));
        }

        await _stop.CancelAsync();
        await Task.WhenAll(_worker, _sweep).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Depth > 0)
        {
            LogLeft(Depth, _options.SpoolFolder);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // A container disposes what it knows by two names twice.
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await Task.WhenAll(_worker, _sweep).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _metrics.Dispose();
        if (_spool is not null)
        {
            await _spool.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async ValueTask<EnqueueOutcome> AppendAsync(CallWrite write, CancellationToken cancellationToken)
    {
        var spool = _spool ?? throw new InvalidOperationException(
            "The queue has not been started: it is a hosted service, which the host starts.");
        var since = Stopwatch.GetTimestamp();
        try
        {
            var payload = CallWriteFormat.Write(write);
            if (_options.WhenFull == SpoolFullMode.DropPayload)
            {
                return await AppendOrDropAsync(spool, write, payload, cancellationToken);
            }

            await spool.AppendAsync(EntryKind, payload, cancellationToken: cancellationToken);
            return EnqueueOutcome.Accepted;
        }
        finally
        {
            _metrics.EnqueueDuration.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);
        }
    }

    private async ValueTask<EnqueueOutcome> AppendOrDropAsync(
        Spool spool, CallWrite write, byte[] payload, CancellationToken cancellationToken)
    {
        // An answer whose pieces were dropped in part would be put together with holes.
        var isBroken = write is AnswerWrite { IsInPieces: true } && _dropped.TryRemove(write.RequestId, out _);
        if (!isBroken && spool.Bytes + payload.Length <= _options.MaxSpoolBytes
            && spool.TryAppend(EntryKind, payload, null, out var appended))
        {
            await appended;
            return EnqueueOutcome.Accepted;
        }

        _metrics.Dropped.Add(1);
        if (write is ChunksWrite)
        {
            _dropped[write.RequestId] = true;
        }

        if (write.WithoutPayload() is { } rest)
        {
            await spool.AppendAsync(EntryKind, CallWriteFormat.Write(rest), cancellationToken: cancellationToken);
        }

        return EnqueueOutcome.PayloadDropped;
    }

    private async Task StoreAllAsync(Spool spool, CancellationToken cancellationToken)
    {
        // What is not stored yet of what was taken, so that an error repeats nothing that is done.
        var (batch, taken) = (new List<Pending>(), new List<long>());
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await TakeAsync(spool, batch, taken, cancellationToken);
                using var activity = NexusTelemetry.Activities.StartActivity("nexus.ingest.batch");
                activity?.SetTag("nexus.entries", taken.Count);
                var since = Stopwatch.GetTimestamp();
                await RejectUnreadableAsync(batch, cancellationToken);
                await StoreAsync(batch, cancellationToken);
                spool.Complete([.. taken]);
                _metrics.BatchDuration.Record(Stopwatch.GetElapsedTime(since).TotalSeconds);
                _metrics.BatchSize.Record(taken.Count);
                taken.Clear();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The spool's disk, or the rejects': what was taken is kept, and storing it again changes nothing.
                LastError = exception;
                LogFailed(exception);
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
            }
        }
    }

    // The oldest entry, and what else is there or comes within a moment. What was taken before an error is there still.
    private async Task TakeAsync(
        Spool spool, List<Pending> batch, List<long> taken, CancellationToken cancellationToken)
    {
        if (taken.Count > 0)
        {
            return;
        }

        var bytes = Add(await spool.ReadAsync(cancellationToken));
        var until = _time.GetTimestamp() + (_options.BatchDelayMs * _time.TimestampFrequency / 1_000);
        while (taken.Count < _options.BatchSize && bytes < _options.BatchBytes)
        {
            try
            {
                if (spool.TryRead(out var next))
                {
                    bytes += Add(next);
                    continue;
                }
            }
            catch (NexusDataException exception)
            {
                // The disk refuses the next one: what is here is stored meanwhile.
                LogFailed(exception);
                return;
            }

            var left = TimeSpan.FromSeconds((until - _time.GetTimestamp()) / (double)_time.TimestampFrequency);
            if (left <= TimeSpan.Zero)
            {
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(5, left.TotalMilliseconds)), cancellationToken);
        }

        int Add(SpoolEntry entry)
        {
            taken.Add(entry.Sequence);
            batch.Add(Pending.Of(entry));
            return entry.Payload.Length;
        }
    }

    private async Task RejectUnreadableAsync(List<Pending> batch, CancellationToken cancellationToken)
    {
        foreach (var entry in batch.Where(entry => entry.Write is null).ToList())
        {
            await RejectAsync(entry, "It cannot be read.", cancellationToken);
            batch.Remove(entry);
        }
    }

    // Until the batch is empty: whatever ails the database passes, and what ails an entry is found by halves.
    private async Task StoreAsync(List<Pending> batch, CancellationToken cancellationToken)
    {
        var (size, tries) = (batch.Count, 0);
        while (batch.Count > 0)
        {
            var part = batch[..Math.Min(size, batch.Count)];
            try
            {
                var results = await _store.WriteBatchAsync(
                    [.. part.Select(entry => entry.Write!)], cancellationToken);
                LastError = null;
                await CountAsync(part, results, cancellationToken);
                batch.RemoveRange(0, part.Count);
                tries = 0;
                continue;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception exception) when (exception is not RejectsException)
            {
                LastError = exception;
                tries++;
                var fault = IngestFaults.Of(exception);
                if (part.Count > 1 && (fault == IngestFault.Entry || (fault == IngestFault.Unclear && tries > IngestFaults.TriesOfBatch)))
                {
                    (size, tries) = ((part.Count + 1) / 2, 0);
                    continue;
                }

                if (fault == IngestFault.Entry || (fault == IngestFault.Unclear && tries > IngestFaults.TriesOfEntry
                    && await AnswersAsync(cancellationToken)))
                {
                    LogRejected(exception, part[0].Write!.RequestId);
                    await RejectAsync(part[0], IngestFaults.Reason(exception), cancellationToken);
                    batch.RemoveAt(0);
                    tries = 0;
                    continue;
                }

                _metrics.Retries.Add(1);
                if (int.IsPow2(tries))
                {
                    LogRetry(exception, part.Count, tries);
                }
            }

            await Task.Delay(IngestFaults.PauseAfter(tries), cancellationToken);
        }
    }

    // Before an entry is blamed: a database that is away is nobody's fault.
    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
            await db.ExecuteAsync("SELECT 1", [], cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return false;
        }
    }

    private async Task CountAsync(
        List<Pending> batch, IReadOnlyList<WriteResult> results, CancellationToken cancellationToken)
    {
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Outcome is RecordOutcome.Conflict or RecordOutcome.NotFound)
            {
                var reason = results[i].Outcome == RecordOutcome.NotFound
                    ? "There is no such request in the train."
                    : "Something else is stored under this identifier.";
                LogRefused(batch[i].Write!.RequestId, reason);
                await RejectAsync(batch[i], reason, cancellationToken);
            }
            else
            {
                _metrics.Stored.Add(1);
            }
        }
    }

    private async Task RejectAsync(Pending entry, string reason, CancellationToken cancellationToken)
    {
        await _rejects!.WriteAsync(entry.Write, entry.Payload, reason, cancellationToken);
        _metrics.Rejected.Add(1);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(_options.SweepSeconds), _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
                var linked = await new ConversationLinker(db, _linking).LinkDeferredAsync(limit: SweepPage, cancellationToken: cancellationToken);
                if (linked > 0)
                {
                    LogSwept(linked);
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogSweepFailed(exception);
            }
        }
    }

    [LoggerMessage(20, LogLevel.Information, "{Count} entries wait in the spool and will be stored.")]
    private partial void LogResumed(long count);

    [LoggerMessage(21, LogLevel.Warning, "{Count} entries are left in the spool {Folder}; they are stored after the next start.")]
    private partial void LogLeft(long count, string folder);

    [LoggerMessage(22, LogLevel.Warning, "A batch of {Count} entries could not be stored at try {Tries}; it is tried again.")]
    private partial void LogRetry(Exception exception, int count, int tries);

    [LoggerMessage(23, LogLevel.Error, "An entry of request {RequestId} cannot be stored and went to the rejects.")]
    private partial void LogRejected(Exception exception, Guid? requestId);

    [LoggerMessage(24, LogLevel.Error, "An entry of request {RequestId} went to the rejects: {Reason}")]
    private partial void LogRefused(Guid requestId, string reason);

    [LoggerMessage(25, LogLevel.Information, "{Count} requests that waited were linked.")]
    private partial void LogSwept(int count);

    [LoggerMessage(26, LogLevel.Warning, "Requests that wait to be linked could not be linked; it is tried again.")]
    private partial void LogSweepFailed(Exception exception);

    [LoggerMessage(27, LogLevel.Error, "The spool or its rejects cannot be used; it is tried again.")]
    private partial void LogFailed(Exception exception);

    // An entry on its way into the database; one that cannot be read has no write.
    private sealed record Pending(ReadOnlyMemory<byte> Payload, CallWrite? Write)
    {
        public static Pending Of(SpoolEntry entry)
        {
            try
            {
                return new(entry.Payload, CallWriteFormat.Read(entry.Payload));
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return new(entry.Payload, null);
            }
        }
    }
}
