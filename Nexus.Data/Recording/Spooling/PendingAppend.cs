using System.Buffers;

namespace Nexus.Data.Recording.Spooling;

/// <summary>An entry on its way to the disk, and the promise of its sequence.</summary>
internal sealed class PendingAppend : TaskCompletionSource<long>
{
    private readonly byte[] _buffer;
    private readonly byte _kind;
    private readonly object? _attachment;
    private readonly uint _payloadCrc;

    public PendingAppend(byte kind, ReadOnlySpan<byte> payload, object? attachment, SpoolCache cache)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Size = EntryHeader.Size + payload.Length;
        _kind = kind;
        IsCached = cache.TryReserve(Size);
        _attachment = IsCached ? attachment : null;
        _buffer = IsCached ? GC.AllocateUninitializedArray<byte>(Size) : ArrayPool<byte>.Shared.Rent(Size);
        payload.CopyTo(_buffer.AsSpan(EntryHeader.Size));
        _payloadCrc = Crc32C.Of(payload);
    }

    public int Size { get; }

    /// <summary>The bytes that it may take on the disk: perhaps it is the first of a segment.</summary>
    public int Charge => Size + SegmentHeader.Size;

    /// <summary>Whether it will be kept in memory until it is read. If not, its buffer is borrowed.</summary>
    public bool IsCached { get; }

    /// <summary>Its place among those that wait for room; null as soon as it has it.</summary>
    public LinkedListNode<PendingAppend>? Waiting { get; set; }

    public long Sequence { get; private set; }

    public long Ticks { get; private set; }

    /// <summary>The bytes that go to the disk.</summary>
    public ReadOnlySpan<byte> Encode(ulong marker, long sequence, long ticks)
    {
        Sequence = sequence;
        Ticks = ticks;
        new EntryHeader(marker, sequence, ticks, Size - EntryHeader.Size, _kind, _payloadCrc).Write(_buffer);
        return _buffer.AsSpan(0, Size);
    }

    /// <summary>What the reader gets, where it is cached.</summary>
    public SpoolEntry ToEntry()
        => new(
            Sequence, _kind, new(Ticks, TimeSpan.Zero), _buffer.AsMemory(EntryHeader.Size, Size - EntryHeader.Size),
            _attachment);

    /// <summary>It is neither written nor kept from here on.</summary>
    public void ReturnBuffer()
    {
        if (!IsCached)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
