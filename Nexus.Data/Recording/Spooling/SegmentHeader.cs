using System.Buffers.Binary;

namespace Nexus.Data.Recording.Spooling;

/// <summary>The beginning of a segment's file: magic (8), version (4), marker (8), first sequence (8), CRC-32C (4).</summary>
/// <param name="Version">Of the format.</param>
/// <param name="Marker">
/// A random number that each entry of the file begins with. By it entries are found again behind a damaged one, and no
/// payload that imitates an entry is taken for one.
/// </param>
/// <param name="First">The sequence of the first entry to come; all that are lower are done, in this file too.</param>
internal readonly record struct SegmentHeader(uint Version, ulong Marker, long First)
{
    public const int Size = 32;
    public const uint CurrentVersion = 1;

    private const int Checked = Size - sizeof(uint);

    private static ReadOnlySpan<byte> Magic => "NXSPOOL\n"u8;

    public void Write(Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[12..], Marker);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[20..], First);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[Checked..], Crc32C.Of(bytes[..Checked]));
    }

    /// <summary>False where the bytes are no header of any version, or damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        header = default;
        if (bytes.Length < Size || !bytes.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[Checked..]) != Crc32C.Of(bytes[..Checked]))
        {
            return false;
        }

        header = new(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]));
        return true;
    }
}
