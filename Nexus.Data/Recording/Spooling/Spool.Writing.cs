namespace Nexus.Data.Recording.Spooling;

/// <summary>What whoever writes does, one thread at a time: entries, and the emptying once all is done.</summary>
internal sealed partial class Spool
{
    private void WriteInBackground() => ThreadPool.UnsafeQueueUserWorkItem(static spool => spool.Write(), this, false);

    // The one who writes: until nothing is left, or until it has done enough for others.
    private void Write()
    {
        for (var written = 0; ;)
        {
            List<PendingAppend> batch;
            bool mustRest;
            lock (_lock)
            {
                mustRest = _queue.Count == 0 && _canRest && _ledger.NeedsRest;
                if (_queue.Count == 0 && !mustRest)
                {
                    _isWriting = false;
                    _written?.TrySetResult();
                    return;
                }

                (batch, _queue) = (_queue, []);
            }

            if (mustRest)
            {
                Rest();
            }
            else if (written < EntriesInOneGo)
            {
                Write(batch);
                written += batch.Count;
            }
            else
            {
                lock (_lock)
                {
                    _queue.InsertRange(0, batch);
                }

                WriteInBackground();
                return;
            }
        }
    }

    private void Write(List<PendingAppend> batch)
    {
        var written = new List<PendingAppend>();
        foreach (var append in batch)
        {
            try
            {
                if (_writer.IsFullFor(append.Size))
                {
                    Acknowledge(written);
                    Rotate();
                }

                _writer.Write(append.Encode(_writer.Marker, _next++, _time.GetUtcNow().UtcTicks));
                written.Add(append);
            }
            catch (Exception exception)
            {
                Refuse([append], exception);
                continue;
            }

            if (!_options.FlushToDisk)
            {
                Acknowledge(written);
            }
        }

        Acknowledge(written);
    }

    private void Rotate()
    {
        var segment = _writer.Rotate(_next);
        List<Segment> finished;
        long before;
        lock (_lock)
        {
            _ledger.Begin(segment);
            finished = _ledger.TakeFinished(long.MaxValue);
            before = _ledger.Before;
            AdmitWaiting();
        }

        Finish(finished, before, mustRest: false);
    }

    // What was written counts from here on, or is taken back.
    private void Acknowledge(List<PendingAppend> appends)
    {
        if (appends.Count == 0)
        {
            return;
        }

        try
        {
            if (_options.FlushToDisk)
            {
                _writer.Flush();
            }

            _writer.EnsureThere();
        }
        catch (Exception exception)
        {
            _writer.CutBackTo(_writer.Offset - appends.Sum(append => (long)append.Size));
            Refuse(appends, exception);
            appends.Clear();
            return;
        }

        TaskCompletionSource? arrival;
        lock (_lock)
        {
            foreach (var append in appends)
            {
                _ledger.Add(append);
                _queuedBytes -= append.Charge;
            }

            _canRest = true;
            (arrival, _arrival) = (_arrival, null);
        }

        arrival?.TrySetResult();
        foreach (var append in appends)
        {
            append.ReturnBuffer();
            append.TrySetResult(append.Sequence);
        }

        appends.Clear();
    }

    private void Refuse(List<PendingAppend> appends, Exception exception)
    {
        if (SpoolErrors.IsDisk(exception))
        {
            _logger.LogNotWritten(exception, _folder.Path);
            exception = SpoolErrors.Unavailable(_folder.Path, exception);
        }

        lock (_lock)
        {
            _queuedBytes -= appends.Sum(append => (long)append.Charge);
            AdmitWaiting();
        }

        foreach (var append in appends)
        {
            Discard(append);
            append.TrySetException(exception);
        }
    }

    // Whether somebody has to write: who waited has room now, or all is done. To be asked after each change.
    private bool Settle()
    {
        var mustWrite = AdmitWaiting();
        return mustWrite || (_canRest && !_isWriting && _ledger.NeedsRest && (_isWriting = true));
    }

    private void Finish(List<Segment> finished, long before, bool mustRest)
    {
        // First the new beginning, which remembers the next sequence, and then the end of the old files.
        if (mustRest)
        {
            Write();
        }

        finished.ForEach(Remove);
        try
        {
            _checkpoint.Write(before);
        }
        catch (Exception exception) when (SpoolErrors.IsDisk(exception))
        {
            _logger.LogNoCheckpoint(exception, _folder.Path);
        }
    }

    // All is done: no payload stays on the disk.
    private void Rest()
    {
        Segment segment;
        try
        {
            segment = _writer.Restart(_next);
        }
        catch (Exception exception) when (SpoolErrors.IsDisk(exception))
        {
            _logger.LogNotEmptied(exception, _folder.Path);
            lock (_lock)
            {
                _canRest = false;
            }

            return;
        }

        Segment? replaced;
        lock (_lock)
        {
            replaced = _ledger.Rest(segment);
            AdmitWaiting();
        }

        if (replaced is not null)
        {
            Remove(replaced);
        }
    }

    private void Remove(Segment segment)
    {
        try
        {
            if (segment.IsDamaged)
            {
                _logger.LogPutAside(segment.Path, SpoolFolder.PutAside(segment.Path));
            }
            else
            {
                File.Delete(segment.Path);
            }
        }
        catch (Exception exception) when (SpoolErrors.IsDisk(exception))
        {
            _logger.LogNotRemoved(exception, segment.Path);
        }
    }
}
