using System.Buffers.Binary;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The first 128 bits of a hash, which are enough to tell the rows of a train apart.</summary>
internal readonly record struct Digest(ulong High, ulong Low)
{
    /// <summary>Bytes.</summary>
    public const int Length = 16;

    public static Digest None => default;

    public static Digest Of(ReadOnlySpan<byte> hash) => hash.Length < Length
        ? None
        : new(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));

    /// <summary>The hash again, from the rest of its bytes; null where that is not kept.</summary>
    public byte[]? With(byte[]? rest)
    {
        if (rest is null)
        {
            return null;
        }

        var hash = new byte[Length + rest.Length];
        BinaryPrimitives.WriteUInt64BigEndian(hash, High);
        BinaryPrimitives.WriteUInt64BigEndian(hash.AsSpan(8), Low);
        rest.CopyTo(hash, Length);
        return hash;
    }
}
