namespace Nexus.Data.Recording.Spooling;

/// <summary>
/// What a spool knows of its entries: which there are, which are done, which are in memory. It touches no file, and one
/// thread at a time uses it. What it keeps for an entry on the disk is nothing.
/// </summary>
internal sealed class SpoolLedger
{
    private readonly SpoolAges _ages;

    // In the order of their sequences; the newest may be the one that is written to.
    private readonly List<Segment> _segments;
    private readonly SequenceSet _done;
    private Segment? _current;
    private long _readNext;

    public SpoolLedger(SpoolRecovery found, SpoolCache cache)
    {
        (_segments, _done, _ages) = (found.Segments, found.Done, found.Ages);
        (Count, Next, Cache) = (found.Count, found.Next, cache);
        Bytes = _segments.Sum(segment => segment.Length);
    }

    public SpoolCache Cache { get; }

    /// <summary>The sequence of the next entry to be appended.</summary>
    public long Next { get; private set; }

    /// <summary>Entries that are not done.</summary>
    public long Count { get; private set; }

    /// <summary>The bytes of all segments.</summary>
    public long Bytes { get; private set; }

    /// <summary>The lowest sequence that is not done.</summary>
    public long Before => _done.Before;

    /// <summary>When the oldest that is not done was appended, in UTC ticks; null where all is done.</summary>
    public long? Oldest => _ages.Oldest;

    /// <summary>There may be something to read.</summary>
    public bool HasMore => (_readNext = _done.NextMissing(_readNext)) < Next;

    /// <summary>All is done, and yet there are bytes of entries in the files.</summary>
    public bool NeedsRest => Count == 0 && (_current is null || !_current.IsEmpty || _segments.Count > 1);

    /// <summary>From here on entries are added to this segment.</summary>
    public void Begin(Segment segment)
    {
        _current = segment;
        _segments.Add(segment);
        Bytes += segment.Length;
    }

    public void Add(PendingAppend append)
    {
        // Sequences of entries that the disk refused are not used again: perhaps it has kept them all the same.
        _done.AddRange(Next, append.Sequence);
        var segment = _current!;
        segment.Last = append.Sequence;
        segment.Length += append.Size;
        Bytes += append.Size;
        Next = append.Sequence + 1;
        Count++;
        _ages.Add(append.Sequence, append.Ticks);
        if (append.IsCached)
        {
            Cache.Add(new(append.ToEntry(), segment, segment.Generation, segment.Length));
        }
    }

    /// <summary>Marks entries as done, and gives back the segments that nobody needs any more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One was never appended; nothing is marked then.</exception>
    public List<Segment> Complete(IReadOnlyList<long> sequences)
    {
        foreach (var sequence in sequences)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, Next, nameof(sequences));
        }

        var highest = 0L;
        foreach (var sequence in sequences)
        {
            Count -= _done.Add(sequence) ? 1 : 0;
            highest = Math.Max(highest, sequence);
        }

        return TakeFinished(highest);
    }

    /// <summary>Marks what cannot be read as done, from here to before there.</summary>
    public List<Segment> Lose(long start, long end)
    {
        Count -= _done.AddRange(start, end);
        return TakeFinished(end);
    }

    /// <summary>Takes out the segments that hold nothing that is not done, but for the one that is written to.</summary>
    public List<Segment> TakeFinished(long highest)
    {
        if (Count == 0)
        {
            _ages.Clear();
            highest = long.MaxValue;
        }
        else
        {
            _ages.Trim(_done.Before);
        }

        var finished = new List<Segment>();
        for (var index = 0; index < _segments.Count && _segments[index].First <= highest;)
        {
            var segment = _segments[index];
            if (segment != _current && _done.NextMissing(segment.First) > segment.Last)
            {
                finished.Add(segment);
                _segments.RemoveAt(index);
                Bytes -= segment.Length;
            }
            else
            {
                index++;
            }
        }

        return finished;
    }

    /// <summary>The segment that is written to is empty now, or this one takes its place; gives back what it replaces.</summary>
    public Segment? Rest(Segment segment)
    {
        var replaced = _current;
        if (segment == replaced)
        {
            Bytes -= segment.Length - SegmentHeader.Size;
            (segment.First, segment.Last, segment.Length) = (Next, Next - 1, SegmentHeader.Size);
            segment.Generation++;
            return null;
        }

        if (replaced is not null)
        {
            _segments.Remove(replaced);
            Bytes -= replaced.Length;
        }

        Begin(segment);
        return replaced;
    }

    /// <summary>
    /// Looks for the entry to be read next: false where there is none; else it is the cached one, or where that is null, the
    /// one that the place says.
    /// </summary>
    public bool TryFindNext(out CachedEntry? cached, out SpoolPlace place)
    {
        (cached, place) = (null, default);
        if (!HasMore)
        {
            return false;
        }

        if (Cache.TryTake(_readNext, out var entry))
        {
            cached = entry;
            _readNext++;
            return true;
        }

        var segment = _segments.Find(segment => segment.Last >= _readNext)!;
        place = new(_readNext, segment, segment.Generation, segment.Length, segment.Last);
        return true;
    }

    /// <summary>Whether what was read at a place still counts: not if others did away with it meanwhile.</summary>
    public bool IsCurrent(SpoolPlace place)
        => place.Segment.Generation == place.Generation && place.Sequence == _done.NextMissing(place.Sequence)
            && _segments.Contains(place.Segment);

    /// <summary>The reader has it.</summary>
    public void Advance(long sequence) => _readNext = sequence + 1;
}
