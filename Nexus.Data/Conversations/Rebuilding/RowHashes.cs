using System.Buffers.Binary;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>What a request's body tells and its row does not say yet, in a few bytes. Of the link hash and the answer's
/// the row has the beginning.</summary>
internal readonly ref struct RowHashes(ReadOnlySpan<byte> bytes)
{
    public const int Current = 0;
    public const int Parent = 1;
    public const int System = 2;
    public const int Link = 3;
    public const int Answer = 4;
    public const int Facts = 5;

    private const int Fields = 6;
    private const int Lengths = 5;
    private const int Head = Lengths + Fields;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Whether the link hashes are to be written.</summary>
    public bool HasLinkHashes => !_bytes.IsEmpty && _bytes[0] != 0;

    public int MessageCount => _bytes.IsEmpty ? -1 : BinaryPrimitives.ReadInt32BigEndian(_bytes[1..]);

    public byte[]? this[int field]
    {
        get
        {
            if (_bytes.IsEmpty || _bytes[Lengths + field] == 0)
            {
                return null;
            }

            var start = Head;
            for (var before = 0; before < field; before++)
            {
                start += _bytes[Lengths + before];
            }

            return _bytes.Slice(start, _bytes[Lengths + field]).ToArray();
        }
    }

    public static long Keep(
        ByteStore store, bool hasLinkHashes, int messageCount, params ReadOnlySpan<byte[]?> hashes)
    {
        Span<byte> bytes = stackalloc byte[Head + (Fields * byte.MaxValue)];
        bytes[0] = hasLinkHashes ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(bytes[1..], messageCount);
        var end = Head;
        for (var field = 0; field < Fields; field++)
        {
            var kept = hashes[field].AsSpan();
            kept = field is Link or Answer && !kept.IsEmpty ? kept[Digest.Length..] : kept;
            bytes[Lengths + field] = (byte)kept.Length;
            kept.CopyTo(bytes[end..]);
            end += kept.Length;
        }

        return store.Add(bytes[..end]);
    }
}
