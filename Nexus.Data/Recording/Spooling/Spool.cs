using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Nexus.Data.Recording.Spooling;

/// <summary>
/// A queue on disk: what was appended is read in order, by one reader, until it is completed, and read again after a
/// restart where it was not. An entry may be read twice, before a restart and after it, and is never lost.
/// </summary>
/// <remarks>
/// Whoever appends while nobody writes becomes the writer, and writes what others bring meanwhile too. So an append alone
/// changes no thread, and those that come together share one wait for the disk.
/// </remarks>
internal sealed partial class Spool : IAsyncDisposable
{
    // So many entries of others an appending thread writes before it goes its way.
    private const int EntriesInOneGo = 64;

    private readonly SpoolOptions _options;
    private readonly SpoolFolder _folder;
    private readonly SpoolCheckpoint _checkpoint;
    private readonly SegmentWriter _writer;
    private readonly SpoolCache _cache;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // The sequence of the next entry; of whoever writes.
    private long _next;

    // Guards all below. No file is touched while it is held.
    private readonly Lock _lock = new();
    private readonly SpoolLedger _ledger;
    private readonly LinkedList<PendingAppend> _waiting = [];
    private List<PendingAppend> _queue = [];
    private long _queuedBytes;
    private bool _isWriting;
    private bool _canRest = true;
    private bool _isDisposed;
    private TaskCompletionSource? _written;
    private TaskCompletionSource? _arrival;
    private int _damages;

    // Guards the cursor, and is taken before the other where both are.
    private readonly Lock _reading = new();
    private readonly SpoolCursor _cursor = new();

    private Spool(
        SpoolOptions options, SpoolFolder folder, SpoolCheckpoint checkpoint, SpoolRecovery found, TimeProvider time,
        ILogger logger)
    {
        (_options, _folder, _checkpoint, _time, _logger) = (options, folder, checkpoint, time, logger);
        _writer = new(folder, options, found.LastNumber);
        _cache = new(options.CacheBytes);
        _ledger = new(found, _cache);
        _damages = found.Damages;
        _next = found.Next;
    }

    /// <summary>Entries that are not done.</summary>
    public long Count
    {
        get
        {
            lock (_lock)
            {
                return _ledger.Count;
            }
        }
    }

    /// <summary>The bytes of the files, of which up to a segment's may be done.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _ledger.Bytes;
            }
        }
    }

    /// <summary>How long the oldest entry that is not done is there, to a second; null where all is done.</summary>
    public TimeSpan? OldestAge
    {
        get
        {
            lock (_lock)
            {
                return _ledger.Oldest is { } ticks ? TimeSpan.FromTicks(Math.Max(0, _time.GetUtcNow().UtcTicks - ticks)) : null;
            }
        }
    }

    /// <summary>Places in the files that could not be read, since the spool was opened.</summary>
    public int Damages => Volatile.Read(ref _damages);

    /// <summary>Opens a spool, and finds what a process before this one left in it.</summary>
    /// <param name="options">Where, and how much.</param>
    /// <param name="time">The clock of the entries; null for the system's.</param>
    /// <param name="logger">Told of damage; null for nobody.</param>
    /// <param name="cancellationToken">Stops the search, which reads all that is there.</param>
    /// <exception cref="NexusDataException">
    /// Another process has the folder, or it cannot be used; or a newer version wrote it.
    /// </exception>
    public static Task<Spool> OpenAsync(
        SpoolOptions options, TimeProvider? time = null, ILogger? logger = null,
        CancellationToken cancellationToken = default)
    {
        options.Validate();
        return Task.Run(
            () => Open(options, time ?? TimeProvider.System, logger ?? NullLogger.Instance, cancellationToken),
            cancellationToken);
    }

    /// <summary>Appends an entry, which is safe once this has returned. Where the spool is full it waits for room.</summary>
    /// <param name="kind">Whatever the caller wants to have back.</param>
    /// <param name="payload">The bytes, which are copied before this returns to its caller.</param>
    /// <param name="attachment">Handed to the reader, unless the entry has to come from the disk.</param>
    /// <param name="cancellationToken">Ends the wait for room; what has room is written.</param>
    /// <returns>The entry's sequence.</returns>
    /// <exception cref="NexusDataException">
    /// The disk refuses it (<see cref="NexusDataErrorKind.Unavailable"/>), and nothing of it is kept; or it is longer than
    /// the spool (<see cref="NexusDataErrorKind.Validation"/>).
    /// </exception>
    public ValueTask<long> AppendAsync(
        byte kind, ReadOnlyMemory<byte> payload, object? attachment = null, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<long>(cancellationToken);
        }

        var append = Prepare(kind, payload, attachment);
        bool mustWrite, mustWait;
        lock (_lock)
        {
            ThrowIfDisposed(append);
            if (!HasRoomFor(append))
            {
                append.Waiting = _waiting.AddLast(append);
            }

            mustWrite = append.Waiting is null && Admit(append);
            mustWait = append.Waiting is not null;
        }

        return mustWait ? WaitAsync(append, cancellationToken) : Start(append, mustWrite);
    }

    /// <summary>As <see cref="AppendAsync"/>, but where the spool is full it says so at once.</summary>
    /// <param name="kind">Whatever the caller wants to have back.</param>
    /// <param name="payload">The bytes, which are copied before this returns.</param>
    /// <param name="attachment">Handed to the reader, unless the entry has to come from the disk.</param>
    /// <param name="sequence">The entry's sequence: the entry is safe once this is there.</param>
    /// <returns>False where there is no room; nothing was appended then.</returns>
    public bool TryAppend(byte kind, ReadOnlyMemory<byte> payload, object? attachment, out ValueTask<long> sequence)
    {
        lock (_lock)
        {
            // Before the copy, for whoever is told of a full spool tries again and again.
            if (!_isDisposed && !HasRoomFor(SegmentHeader.Size + EntryHeader.Size + payload.Length) && payload.Length <= _options.MaxPayload)
            {
                sequence = default;
                return false;
            }
        }

        var append = Prepare(kind, payload, attachment);
        bool mustWrite;
        lock (_lock)
        {
            ThrowIfDisposed(append);
            if (!HasRoomFor(append))
            {
                Discard(append);
                sequence = default;
                return false;
            }

            mustWrite = Admit(append);
        }

        sequence = Start(append, mustWrite);
        return true;
    }

    /// <summary>Takes the next entry that is not done and was not read since the spool was opened.</summary>
    /// <exception cref="NexusDataException">The disk refuses; the entry is read at the next try.</exception>
    public bool TryRead([NotNullWhen(true)] out SpoolEntry? entry)
    {
        lock (_reading)
        {
            while (true)
            {
                CachedEntry? cached;
                SpoolPlace place;
                lock (_lock)
                {
                    ObjectDisposedException.ThrowIf(_isDisposed, this);
                    if (!_ledger.TryFindNext(out cached, out place))
                    {
                        entry = null;
                        return false;
                    }
                }

                if (cached is { } found)
                {
                    _cursor.MoveTo(found.Segment, found.Generation, found.End);
                    entry = found.Entry;
                    return true;
                }

                if (TryReadFromDisk(place, out entry))
                {
                    return true;
                }
            }
        }
    }

    /// <summary>Waits until there may be something to read; false once the spool is disposed.</summary>
    public async ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task arrival;
            lock (_lock)
            {
                if (_isDisposed || _ledger.HasMore)
                {
                    return !_isDisposed;
                }

                _arrival ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                arrival = _arrival.Task;
            }

            await arrival.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits for the next entry and takes it.</summary>
    /// <exception cref="ObjectDisposedException">The spool was disposed.</exception>
    public async ValueTask<SpoolEntry> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            await WaitToReadAsync(cancellationToken);
            if (TryRead(out var entry))
            {
                return entry;
            }
        }
    }

    /// <summary>Says that an entry is done.</summary>
    public void Complete(long sequence) => Complete([sequence]);

    /// <summary>Says that entries are done, in whatever order. What is done already stays so.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One was never appended; none is done then.</exception>
    public void Complete(IReadOnlyList<long> sequences)
    {
        List<Segment> finished;
        bool mustRest;
        long before;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            finished = _ledger.Complete(sequences);
            before = _ledger.Before;
            mustRest = Settle();
        }

        Finish(finished, before, mustRest);
    }

    /// <summary>Writes what was admitted, refuses what waits for room, and lets go of the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        List<PendingAppend> refused;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            refused = [.. _waiting];
            _waiting.Clear();
            refused.ForEach(append => append.Waiting = null);
            _arrival?.TrySetResult();
            _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_isWriting)
            {
                _written.SetResult();
            }
        }

        foreach (var append in refused)
        {
            Discard(append);
            append.TrySetException(new ObjectDisposedException(nameof(Spool)));
        }

        await _written.Task;
        lock (_reading)
        {
            _cursor.Dispose();
        }

        _writer.Dispose();
        _checkpoint.Dispose();
        _folder.Dispose();
    }

    private static Spool Open(
        SpoolOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var folder = SpoolFolder.Take(options.Folder);
        SpoolCheckpoint? checkpoint = null;
        try
        {
            checkpoint = SpoolCheckpoint.Open(folder.CheckpointPath);
            var found = new SpoolRecovery(folder, checkpoint.Before, logger);
            found.Run(cancellationToken);
            if (found.Count > 0)
            {
                logger.LogFound(folder.Path, found.Count);
            }

            var spool = new Spool(options, folder, checkpoint, found, time, logger);
            spool.Begin();
            return spool;
        }
        catch (Exception exception)
        {
            checkpoint?.Dispose();
            folder.Dispose();
            if (SpoolErrors.IsDisk(exception))
            {
                throw SpoolErrors.Unavailable(folder.Path, exception);
            }

            throw;
        }
    }

    private void Begin()
    {
        var finished = _ledger.TakeFinished(long.MaxValue);
        _isWriting = _ledger.NeedsRest;
        Finish(finished, _ledger.Before, _isWriting);
    }

    private PendingAppend Prepare(byte kind, ReadOnlyMemory<byte> payload, object? attachment)
        => payload.Length <= _options.MaxPayload
            ? new(kind, payload.Span, attachment, _cache)
            : throw new NexusDataException(
                NexusDataErrorKind.Validation,
                $"An entry of {payload.Length:N0} bytes is longer than the spool in {_folder.Path} may hold: raise its "
                + $"limit of {_options.MaxBytes:N0} bytes.");

    private void ThrowIfDisposed(PendingAppend append)
    {
        if (_isDisposed)
        {
            Discard(append);
            throw new ObjectDisposedException(nameof(Spool));
        }
    }

    private bool HasRoomFor(PendingAppend append) => HasRoomFor(append.Charge);

    // Those who wait come first, or a long entry would wait for ever.
    private bool HasRoomFor(long charge) => _waiting.Count == 0 && Fits(charge);

    private bool Fits(long charge) => _ledger.Bytes + _queuedBytes + charge <= _options.MaxBytes;

    // Says whether the caller has to write now.
    private bool Admit(PendingAppend append)
    {
        _queue.Add(append);
        _queuedBytes += append.Charge;
        return !_isWriting && (_isWriting = true);
    }

    private ValueTask<long> Start(PendingAppend append, bool mustWrite)
    {
        if (mustWrite && _options.FlushToDisk)
        {
            WriteInBackground();
        }
        else if (mustWrite)
        {
            Write();
        }

        return new(append.Task);
    }

    private async ValueTask<long> WaitAsync(PendingAppend append, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(_ => Cancel(append, cancellationToken), null);
        return await append.Task;
    }

    private void Cancel(PendingAppend append, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (append.Waiting is not { } waiting)
            {
                return;
            }

            _waiting.Remove(waiting);
            append.Waiting = null;

            // Perhaps it was the longest, and in the way of shorter ones.
            if (AdmitWaiting())
            {
                WriteInBackground();
            }
        }

        Discard(append);
        append.TrySetCanceled(cancellationToken);
    }

    // Lets those in that have room now; says whether somebody has to write them.
    private bool AdmitWaiting()
    {
        var mustWrite = false;
        while (_waiting.First is { } first && Fits(first.Value.Charge))
        {
            _waiting.RemoveFirst();
            first.Value.Waiting = null;
            mustWrite |= Admit(first.Value);
        }

        return mustWrite;
    }

    private void Discard(PendingAppend append)
    {
        if (append.IsCached)
        {
            _cache.Release(append.Size);
        }

        append.ReturnBuffer();
    }

    private bool TryReadFromDisk(SpoolPlace place, [NotNullWhen(true)] out SpoolEntry? entry)
    {
        long next = 0;
        Exception? failure = null;
        try
        {
            entry = _cursor.Read(place, out next);
        }
        catch (Exception exception) when (SpoolErrors.IsDisk(exception))
        {
            (entry, failure) = (null, exception);
        }

        List<Segment> finished;
        bool mustRest;
        long before;
        lock (_lock)
        {
            // What was completed meanwhile may be gone from the disk, and that is no damage.
            if (!_ledger.IsCurrent(place))
            {
                entry = null;
                return false;
            }

            if (failure is not null)
            {
                throw SpoolErrors.Unavailable(_folder.Path, failure);
            }

            if (entry is not null)
            {
                _ledger.Advance(entry.Sequence);
                return true;
            }

            place.Segment.IsDamaged = true;
            finished = _ledger.Lose(place.Sequence, next);
            before = _ledger.Before;
            mustRest = Settle();
        }

        Interlocked.Increment(ref _damages);
        _logger.LogLost(place.Segment.Path, place.Sequence, next - 1);
        Finish(finished, before, mustRest);
        return false;
    }
}
