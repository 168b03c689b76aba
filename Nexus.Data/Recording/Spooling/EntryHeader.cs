using System.Buffers.Binary;

namespace Nexus.Data.Recording.Spooling;

/// <summary>
/// The beginning of an entry: the segment's marker (8), sequence (8), time in UTC ticks (8), length of the payload (4),
/// kind (1), three zeros, CRC-32C of the payload (4), CRC-32C of all before (4). Two checksums, because a damaged length
/// must not decide over which bytes a checksum is taken, and because the payload's is computed beside other appends.
/// </summary>
internal readonly record struct EntryHeader(
    ulong Marker, long Sequence, long Ticks, int Length, byte Kind, uint PayloadCrc)
{
    public const int Size = 40;

    private const int Checked = Size - sizeof(uint);

    /// <summary>The bytes of the entry with its payload.</summary>
    public long EntrySize => (long)Size + Length;

    public DateTimeOffset Time => new(Ticks, TimeSpan.Zero);

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Marker);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Ticks);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[32..], PayloadCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[Checked..], Crc32C.Of(bytes[..Checked]));
    }

    /// <summary>False where the bytes are too few, no header, or damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out EntryHeader header)
    {
        header = default;
        if (bytes.Length < Size || BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]) is var length && length < 0
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]) > byte.MaxValue
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[Checked..]) != Crc32C.Of(bytes[..Checked]))
        {
            return false;
        }

        header = new(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            bytes[28], BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]));
        return header.Ticks >= 0 && header.Ticks <= DateTimeOffset.MaxValue.Ticks;
    }
}
