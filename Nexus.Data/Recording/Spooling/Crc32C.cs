using System.Buffers.Binary;
using System.Numerics;

namespace Nexus.Data.Recording.Spooling;

/// <summary>The checksum of Castagnoli, which processors compute. It finds every single bit that differs.</summary>
internal static class Crc32C
{
    /// <summary>The checksum before the first byte.</summary>
    public const uint Start = uint.MaxValue;

    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(Start, bytes);

    /// <summary>The checksum after further bytes; its complement is the result.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return crc;
    }
}
