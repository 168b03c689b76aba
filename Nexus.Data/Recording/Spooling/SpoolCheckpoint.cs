using System.Buffers.Binary;

namespace Nexus.Data.Recording.Spooling;

/// <summary>
/// Notes how far a spool is done: two places of 16 bytes, written in turns, each the lowest sequence that is not done and a
/// checksum. One of them is whole at any time. A note that is too old costs a second reading, and nothing else.
/// </summary>
internal sealed class SpoolCheckpoint : IDisposable
{
    private const int PlaceSize = 16;

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private int _turn;

    private SpoolCheckpoint(FileStream file) => _file = file;

    /// <summary>The lowest sequence that is not done, as far as was noted; 1 where nothing was.</summary>
    public long Before { get; private set; } = 1;

    public static SpoolCheckpoint Open(string path)
    {
        var checkpoint = new SpoolCheckpoint(SpoolFolder.OpenPrivate(path, FileMode.OpenOrCreate, FileShare.Read));
        Span<byte> places = stackalloc byte[2 * PlaceSize];
        places = places[..RandomAccess.Read(checkpoint._file.SafeFileHandle, places, 0)];
        for (var turn = 0; places.Length >= PlaceSize; turn++, places = places[PlaceSize..])
        {
            var before = BinaryPrimitives.ReadInt64LittleEndian(places);
            if (BinaryPrimitives.ReadUInt32LittleEndian(places[8..]) == Crc32C.Of(places[..8])
                && before > checkpoint.Before)
            {
                checkpoint.Before = before;
                checkpoint._turn = 1 - turn;
            }
        }

        return checkpoint;
    }

    public void Write(long before)
    {
        Span<byte> place = stackalloc byte[PlaceSize];
        place.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(place, before);
        BinaryPrimitives.WriteUInt32LittleEndian(place[8..], Crc32C.Of(place[..8]));
        lock (_lock)
        {
            if (before > Before)
            {
                RandomAccess.Write(_file.SafeFileHandle, place, _turn * PlaceSize);
                Before = before;
                _turn = 1 - _turn;
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
