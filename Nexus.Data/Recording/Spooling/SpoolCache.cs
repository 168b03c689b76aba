namespace Nexus.Data.Recording.Spooling;

/// <summary>An entry in memory, and where on the disk the one behind it begins.</summary>
internal readonly record struct CachedEntry(SpoolEntry Entry, Segment Segment, int Generation, long End);

/// <summary>
/// Entries that are on the disk and not read yet, as many as fit, in their order but with gaps: what is appended while it is
/// full comes from the disk. So nothing is ever thrown out of it that the reader is near to.
/// </summary>
internal sealed class SpoolCache(long maxBytes)
{
    private readonly Queue<CachedEntry> _entries = [];
    private long _bytes;

    /// <summary>Takes room for an entry that is about to be appended. Any thread.</summary>
    public bool TryReserve(int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= maxBytes)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    /// <summary>Gives room back of which no use was made. Any thread.</summary>
    public void Release(int bytes) => Interlocked.Add(ref _bytes, -bytes);

    public void Add(CachedEntry entry) => _entries.Enqueue(entry);

    /// <summary>Takes out the entry of this sequence and forgets those before it; false where it is not here.</summary>
    public bool TryTake(long sequence, out CachedEntry entry)
    {
        while (_entries.TryPeek(out entry) && entry.Entry.Sequence <= sequence)
        {
            _entries.Dequeue();
            Release(EntryHeader.Size + entry.Entry.Payload.Length);
            if (entry.Entry.Sequence == sequence)
            {
                return true;
            }
        }

        return false;
    }
}
