using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations;

/// <summary>The keys by which linking locks, waits and names: each kind is hashed in a space of its own.</summary>
internal static class LinkKeys
{
    /// <summary>The conversation that a root opens. Derived, so that a dry run names the very identifiers.</summary>
    public static Guid Conversation(string trainId, Guid rootRequestId)
    {
        Span<byte> id = stackalloc byte[16];
        rootRequestId.TryWriteBytes(id, bigEndian: true, out _);
        var hash = Hash("conversation", Encoding.UTF8.GetBytes(trainId), id).AsSpan(0, 16);

        // Version 8 of RFC 9562: made by rules of one's own.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash, bigEndian: true);
    }

    /// <summary>A lock on all of a train: shared by those who link, exclusive to imports and rebuilds.</summary>
    public static long TrainLock(string trainId) => Lock("train", trainId, []);

    /// <summary>A lock on what begins with one message: parents, children, retries.</summary>
    public static long OpeningLock(string trainId, ReadOnlySpan<byte> firstMessageHash)
        => Lock("opening", trainId, firstMessageHash);

    /// <summary>A lock on what continues one summary.</summary>
    public static long SummaryLock(string trainId, ReadOnlySpan<byte> summaryKey)
        => Lock("summary", trainId, summaryKey);

    /// <summary>A lock on the names inside a conversation.</summary>
    public static long ConversationLock(string trainId, Guid conversationId)
        => Lock("names", trainId, conversationId.ToByteArray(bigEndian: true));

    /// <summary>A lock on what is told of one call after it was recorded: answer, pieces of it, failure.</summary>
    public static long RequestLock(Guid requestId) => Lock("request", "", requestId.ToByteArray(bigEndian: true));

    /// <summary>Waits for a request with these messages.</summary>
    public static byte[] WaitForMessages(ReadOnlySpan<byte> linkHash) => Hash("wait/messages", linkHash, []);

    /// <summary>Waits for a request with these messages and this answer.</summary>
    public static byte[] WaitForAnswer(ReadOnlySpan<byte> answered) => Hash("wait/answer", answered, []);

    /// <summary>Waits for a tool use with this prompt.</summary>
    public static byte[] WaitForPrompt(ReadOnlySpan<byte> promptHash) => Hash("wait/prompt", promptHash, []);

    /// <summary>Waits for a summary that begins so.</summary>
    public static byte[] WaitForSummary(ReadOnlySpan<byte> summaryKey) => Hash("wait/summary", summaryKey, []);

    private static long Lock(string kind, string trainId, ReadOnlySpan<byte> key)
        => BinaryPrimitives.ReadInt64BigEndian(Hash("lock/" + kind, Encoding.UTF8.GetBytes(trainId), key));

    private static byte[] Hash(string kind, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var name = Encoding.ASCII.GetBytes("nexus/" + kind);
        Span<byte> lengths = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(lengths, name.Length);
        BinaryPrimitives.WriteInt32BigEndian(lengths[4..], first.Length);
        return SHA256.HashData([.. lengths, .. name, .. first, .. second]);
    }
}
