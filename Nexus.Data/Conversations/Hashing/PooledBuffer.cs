using System.Buffers;
using System.Buffers.Binary;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// Bytes that grow at their end, in memory that is lent by the shared pool and given back on disposal.
/// </summary>
internal sealed class PooledBuffer : IDisposable
{
    private const int FirstSize = 4096;

    private byte[] _bytes = [];

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until the next change.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>What was written, to be changed in place.</summary>
    public Span<byte> Content => _bytes.AsSpan(0, Length);

    /// <summary>Forgets everything from <paramref name="length"/> on.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Forgets everything; the memory stays.</summary>
    public void Clear() => Length = 0;

    public void Append(byte value)
    {
        Reserve(1)[0] = value;
        Length++;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Appends the length of the bytes, then the bytes.</summary>
    public void AppendCounted(ReadOnlySpan<byte> bytes)
    {
        var length = BeginCounted();
        Append(bytes);
        EndCounted(length);
    }

    /// <summary>Leaves room for a length that is known only later, and says where.</summary>
    public int BeginCounted()
    {
        Reserve(sizeof(int));
        Length += sizeof(int);
        return Length;
    }

    /// <summary>Fills in the length of what was written since <paramref name="start"/>, little-endian.</summary>
    public void EndCounted(int start) =>
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(start - sizeof(int)), Length - start);

    /// <summary>Room behind the end, not yet counted as written.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Grow(count);
        }

        return _bytes.AsSpan(Length, count);
    }

    /// <summary>Counts <paramref name="count"/> bytes of the room behind the end as written.</summary>
    public void Advance(int count) => Length += count;

    public void Dispose()
    {
        Return();
        Length = 0;
    }

    private void Grow(int count)
    {
        var needed = checked(Length + count);
        var size = (int)Math.Min(Array.MaxLength, Math.Max(_bytes.Length * 2L, FirstSize));
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(size, needed));
        Written.CopyTo(larger);
        Return();
        _bytes = larger;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
