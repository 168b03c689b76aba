using System.Buffers.Binary;
using System.Text;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>64 bits of all columns that say where a request stands, to compare what is stored with what should be: other
/// in each process, and not to be kept.</summary>
internal static class LinkDigest
{
    private const byte Null = 2;
    private const int Head = 76;
    private const int MostOnStack = 512;

    private static readonly byte[][] _kinds =
        [.. Enum.GetValues<LinkKind>().Select(kind => Encoding.ASCII.GetBytes(EnumText<LinkKind>.Word(kind)))];

    /// <summary>Of the row that is being read.</summary>
    public static long Stored(CopyRows rows) => Of(
        rows.Bytes(12), rows.Bytes(14), rows.Bytes(15), rows.Bytes(20), Flag(rows, 16), rows.Bytes(17),
        Number(rows, 18), Number(rows, 19), Flag(rows, 21), !rows.IsNull(22), rows.Bytes(13));

    /// <summary>Of a row as linking has it.</summary>
    public static long Linked(TrainLinks links, int place)
    {
        ref var row = ref links.Model[place];
        if (row.Kind is not { } kind)
        {
            return Of([], [], [], [], 0, [], -1, -1, Null, false, Encoding.UTF8.GetBytes(ApiRequest.MainBranch));
        }

        Span<byte> ids = stackalloc byte[64];
        return Of(
            Write(links.ConversationOf(place), ids[..16]), Write(links.Id(row.Parent), ids[16..32]),
            Write(links.Id(row.ParentTask), ids[32..48]), Write(links.Id(row.RetryOf), ids[48..]),
            row.Traits.HasFlag(RowTraits.IsSubtask) ? (byte)1 : (byte)0, _kinds[(int)kind],
            links.DistanceOf(place) ?? -1, links.CandidatesOf(place) ?? -1,
            links.ClaimsBranch(place) ? (byte)1 : (byte)0, false,
            Encoding.UTF8.GetBytes(links.Model.Text(row.Branch)));
    }

    private static long Of(
        ReadOnlySpan<byte> conversation, ReadOnlySpan<byte> parent, ReadOnlySpan<byte> parentTask,
        ReadOnlySpan<byte> retryOf, byte isSubtask, ReadOnlySpan<byte> kind, int distance, int candidates, byte claims,
        bool isUnlinked, ReadOnlySpan<byte> branch)
    {
        // An adopted database may have longer names than ours.
        var length = Head + kind.Length + branch.Length;
        var all = length <= MostOnStack ? stackalloc byte[MostOnStack] : new byte[length];
        conversation.CopyTo(all);
        parent.CopyTo(all[16..]);
        parentTask.CopyTo(all[32..]);
        retryOf.CopyTo(all[48..]);
        (all[64], all[65], all[66], all[67]) = (isSubtask, claims, isUnlinked ? (byte)1 : (byte)0, (byte)kind.Length);
        BinaryPrimitives.WriteInt32BigEndian(all[68..], distance);
        BinaryPrimitives.WriteInt32BigEndian(all[72..], candidates);
        kind.CopyTo(all[Head..]);
        branch.CopyTo(all[(Head + kind.Length)..]);

        // Two times 32 bits, of which the second begins with another value.
        HashCode low = default;
        HashCode high = default;
        low.AddBytes(all[..length]);
        high.Add(length);
        high.AddBytes(all[..length]);
        return ((long)high.ToHashCode() << 32) | (uint)low.ToHashCode();
    }

    private static byte Flag(CopyRows rows, int field)
        => rows.IsNull(field) ? Null : rows.Flag(field) ? (byte)1 : (byte)0;

    private static int Number(CopyRows rows, int field) => rows.IsNull(field) ? -1 : rows.Int(field);

    private static ReadOnlySpan<byte> Write(Guid id, Span<byte> bytes)
    {
        if (id == Guid.Empty)
        {
            return [];
        }

        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return bytes;
    }
}
