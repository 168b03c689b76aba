using System.Buffers;
using System.Buffers.Binary;

namespace Nexus.Data.Recording.Spooling;

/// <summary>Reads a segment's file from any place. What it returns, it has checked.</summary>
internal sealed class SegmentReader : IDisposable
{
    private const int BufferLength = 128 * 1024;

    private readonly FileStream _file;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
    private long _start;
    private int _count;

    public SegmentReader(string path)
        => _file = new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    public long Length => RandomAccess.GetLength(_file.SafeFileHandle);

    /// <summary>Forgets what was read ahead, for the file was emptied since.</summary>
    public void Forget() => _count = 0;

    /// <summary>Up to so many bytes from a place on; fewer where the file ends at the limit.</summary>
    public ReadOnlySpan<byte> Peek(long offset, int length, long limit)
    {
        length = (int)Math.Clamp(limit - offset, 0, Math.Min(length, BufferLength));
        if (offset < _start || offset + length > _start + _count)
        {
            _start = offset;
            _count = Read(_buffer.AsSpan(0, (int)Math.Clamp(limit - offset, 0, BufferLength)), offset);
        }

        return _buffer.AsSpan((int)(offset - _start), Math.Min(length, _count - (int)(offset - _start)));
    }

    /// <summary>The header at a place; false where there is none, or where its payload would go beyond the limit.</summary>
    /// <param name="offset">Where.</param>
    /// <param name="limit">Where the last entry ends.</param>
    /// <param name="marker">What the entries of the file begin with; null where nobody knows.</param>
    /// <param name="header">What is there.</param>
    public bool TryReadHeader(long offset, long limit, ulong? marker, out EntryHeader header)
        => EntryHeader.TryRead(Peek(offset, EntryHeader.Size, limit), out header)
            && (marker ?? header.Marker) == header.Marker && header.EntrySize <= limit - offset;

    /// <summary>The payload behind a header that was read; null where it is damaged.</summary>
    public byte[]? ReadPayload(long offset, EntryHeader header, long limit)
    {
        var payload = GC.AllocateUninitializedArray<byte>(header.Length);
        var start = offset + EntryHeader.Size;
        var read = header.Length <= BufferLength / 2
            ? Copy(Peek(start, header.Length, limit), payload)
            : Read(payload, start);
        return read == header.Length && Crc32C.Of(payload) == header.PayloadCrc ? payload : null;
    }

    /// <summary>Whether there is a whole entry at a place, however long, without taking it into memory.</summary>
    public bool IsIntact(long offset, long limit, ulong? marker, out EntryHeader header)
    {
        if (!TryReadHeader(offset, limit, marker, out header))
        {
            return false;
        }

        var crc = Crc32C.Start;
        var end = offset + header.EntrySize;
        for (var place = offset + EntryHeader.Size; place < end;)
        {
            var piece = Peek(place, BufferLength, end);
            if (piece.IsEmpty)
            {
                return false;
            }

            crc = Crc32C.Append(crc, piece);
            place += piece.Length;
        }

        return ~crc == header.PayloadCrc;
    }

    /// <summary>Where the next whole entry begins, from a place on; the limit where there is none.</summary>
    public long FindNext(long offset, long limit, ulong? marker)
    {
        Span<byte> sought = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(sought, marker ?? 0);
        while (limit - offset >= EntryHeader.Size)
        {
            if (marker is not null)
            {
                // What is in the buffer anyway: a file full of zeros must not be read anew for each of them.
                Peek(offset, EntryHeader.Size, limit);
                var piece = _buffer.AsSpan((int)(offset - _start), _count - (int)(offset - _start));
                var hit = piece.IndexOf(sought);
                if (hit < 0)
                {
                    // The marker may begin in this piece and end in the next.
                    offset += Math.Max(1, piece.Length - sought.Length + 1);
                    continue;
                }

                offset += hit;
            }

            if (IsIntact(offset, limit, marker, out _))
            {
                return offset;
            }

            offset++;
        }

        return limit;
    }

    public void Dispose()
    {
        _file.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from.CopyTo(to);
        return from.Length;
    }

    private int Read(Span<byte> bytes, long offset)
    {
        var count = 0;
        while (count < bytes.Length
            && RandomAccess.Read(_file.SafeFileHandle, bytes[count..], offset + count) is > 0 and var read)
        {
            count += read;
        }

        return count;
    }
}
