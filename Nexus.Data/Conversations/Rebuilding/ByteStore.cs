namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>Short runs of bytes in large pieces, so that none of them is an object.</summary>
internal sealed class ByteStore
{
    private const int PieceLength = 64 * 1024;

    private readonly List<byte[]> _pieces = [];
    private int _used = PieceLength;

    /// <summary>Keeps the bytes, and says where; never 0.</summary>
    public long Add(ReadOnlySpan<byte> bytes)
    {
        if (PieceLength - _used < bytes.Length + sizeof(int))
        {
            // What is longer than a piece has one to itself.
            _pieces.Add(new byte[Math.Max(PieceLength, bytes.Length + sizeof(int))]);
            _used = 0;
        }

        var piece = _pieces[^1];
        BitConverter.TryWriteBytes(piece.AsSpan(_used), bytes.Length);
        bytes.CopyTo(piece.AsSpan(_used + sizeof(int)));
        var place = ((long)_pieces.Count << 32) | (uint)_used;
        _used = Math.Min(PieceLength, _used + sizeof(int) + bytes.Length);
        return place;
    }

    public ReadOnlySpan<byte> Get(long place)
    {
        if (place == 0)
        {
            return [];
        }

        var piece = _pieces[(int)(place >> 32) - 1].AsSpan((int)place);
        return piece.Slice(sizeof(int), BitConverter.ToInt32(piece));
    }
}
