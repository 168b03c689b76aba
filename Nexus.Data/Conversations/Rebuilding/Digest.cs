using System.Buffers.Binary;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The first 128 bits of a hash, which are enough to tell the rows of a train apart.</summary>
internal readonly record struct Digest(ulong High, ulong Low)
{
    public static Digest None => default;

    public static Digest Of(ReadOnlySpan<byte> hash) => hash.Length < 16
        ? None
        : new(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
}
