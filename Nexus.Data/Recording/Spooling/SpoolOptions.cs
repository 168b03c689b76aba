namespace Nexus.Data.Recording.Spooling;

/// <summary>Where a spool lies, and how much it holds.</summary>
internal sealed record SpoolOptions
{
    private const long MiB = 1024 * 1024;

    // An empty segment, and another with an empty entry.
    private const int Least = (2 * SegmentHeader.Size) + EntryHeader.Size;

    /// <summary>The folder, which one process at a time has for itself; made where there is none.</summary>
    public required string Folder { get; init; }

    /// <summary>A file that has reached so many bytes is followed by another; it is deleted once all in it is done.</summary>
    public long SegmentBytes { get; init; } = 16 * MiB;

    /// <summary>The bytes that the files may hold together. What does not fit waits until there is room.</summary>
    public long MaxBytes { get; init; } = 1024 * MiB;

    /// <summary>The bytes of entries that are kept in memory too until they are read.</summary>
    public long CacheBytes { get; init; } = 32 * MiB;

    /// <summary>
    /// False: an acknowledged entry has reached the operating system and survives the end of the process. True: it has
    /// reached the disk and survives the end of the machine; appends that come together share the wait for it.
    /// </summary>
    public bool FlushToDisk { get; init; }

    /// <summary>Makes a segment's file, which must not be there yet.</summary>
    public Func<string, ISegmentFile> CreateFile { get; init; } = SegmentFile.Create;

    /// <summary>So small that a spool that is full of entries has room again when an eighth of them is done.</summary>
    public long EffectiveSegmentBytes => Math.Max(1, Math.Min(SegmentBytes, MaxBytes / 8));

    /// <summary>The longest payload that can ever fit.</summary>
    public int MaxPayload
        => (int)Math.Min(Array.MaxLength - EntryHeader.Size, MaxBytes - Least);

    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(SegmentBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, Least);
        ArgumentOutOfRangeException.ThrowIfNegative(CacheBytes);
    }
}
