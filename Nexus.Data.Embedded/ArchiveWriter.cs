using System.Buffers.Binary;

namespace Nexus.Data.Embedded;

/// <summary>Writes parts of a file in the custom format of <c>pg_dump</c>.</summary>
internal static class ArchiveWriter
{
    public static void WriteInt(this Stream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[5];
        bytes[0] = (byte)(value < 0 ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], Math.Abs(value));
        stream.Write(bytes);
    }

    public static void WriteText(this Stream stream, byte[]? text)
    {
        stream.WriteInt(text?.Length ?? -1);
        stream.Write(text);
    }

    /// <summary>Where the rows of an entry are; how far that is known stands before it.</summary>
    public static void WriteOffset(this Stream stream, byte state, long offset)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes[0] = state;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[1..], offset);
        stream.Write(bytes);
    }
}
