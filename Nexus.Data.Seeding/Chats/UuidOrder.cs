namespace Nexus.Data.Seeding.Chats;

/// <summary>The order in which PostgreSQL has identifiers: by their bytes.</summary>
internal static class UuidOrder
{
    public static int Compare(Guid left, Guid right)
    {
        Span<byte> bytes = stackalloc byte[32];
        left.TryWriteBytes(bytes, bigEndian: true, out _);
        right.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        return bytes[..16].SequenceCompareTo(bytes[16..]);
    }
}
