using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// What linking reads off a request's bodies beside the hashes that are stored one by one, in about 80 bytes: enough to
/// link the request anew without its bodies, as long as the turn before it is stored. Where it is not, all beginnings are
/// written down, which is seldom.
/// </summary>
/// <remarks>
/// Its form belongs to <see cref="LinkHash.Version"/>: two bytes of flags; then, where the body has messages, how many
/// count, a sum over what the answer shows, the text's hash of an opening, and the longest beginning with the answer that
/// follows it; then the number of further beginnings, and these. Numbers are little-endian. SQL reads the first byte.
/// </remarks>
internal static class LinkFacts
{
    /// <summary>Flags of the first byte: columns that were filled. Whoever finds one of them empty reads the body.</summary>
    public const int HasCurrentHash = 1;
    public const int HasParentHash = 2;
    public const int HasSystemHash = 4;
    public const int NamesModel = 8;

    private const int IsSummarizer = 1;
    private const int IsContinuation = 2;
    private const int IsOpening = 4;
    private const int HasBeginning = 8;
    private const int HasFollowing = 16;
    private const int HasAllBeginnings = 32;

    private const int HashLength = SHA256.HashSizeInBytes;
    private const int Head = 14;

    /// <summary>The first byte, by which columns are filled.</summary>
    public static byte Filled(bool currentHash, bool parentHash, bool systemHash, bool model)
        => (byte)((currentHash ? HasCurrentHash : 0) | (parentHash ? HasParentHash : 0)
            | (systemHash ? HasSystemHash : 0) | (model ? NamesModel : 0));

    /// <summary>Writes down what the bodies tell.</summary>
    /// <param name="hashes">Of the request.</param>
    /// <param name="answer">Of the answer.</param>
    /// <param name="filled">The first byte.</param>
    /// <param name="all">Whether with all beginnings.</param>
    public static byte[] Of(RequestHashes hashes, AnswerHashes answer, byte filled, bool all)
    {
        if (!hashes.HasMessages)
        {
            return [filled];
        }

        var further = all && hashes.Prefixes.Count > 1 ? hashes.Prefixes.Skip(1) : [];
        using var facts = new MemoryStream(Head + (3 * HashLength));
        using var writer = new BinaryWriter(facts);
        MessagePrefix? longest = hashes.Prefixes.Count > 0 ? hashes.Prefixes[0] : null;
        writer.Write(filled);
        writer.Write((byte)((hashes.IsSummarizer ? IsSummarizer : 0) | (hashes.Continuation is null ? 0 : IsContinuation)
            | (hashes.OpeningTextHash is null ? 0 : IsOpening) | (longest is null ? 0 : HasBeginning)
            | (longest?.NextAnswerHash is null ? 0 : HasFollowing) | (further.Any() ? HasAllBeginnings : 0)));
        writer.Write(hashes.CountedMessages);
        writer.Write(Sum(answer));
        writer.Write(hashes.OpeningTextHash ?? []);
        if (longest is { } beginning)
        {
            Write(beginning);
        }

        if (further.Any())
        {
            writer.Write(hashes.Prefixes.Count - 1);
            foreach (var prefix in further)
            {
                writer.Write(prefix.NextAnswerHash is not null);
                Write(prefix);
            }
        }

        return facts.ToArray();

        void Write(MessagePrefix prefix)
        {
            writer.Write(prefix.LinkHash);
            writer.Write(prefix.AnswersAfter);
            writer.Write(prefix.NextAnswerHash ?? []);
        }
    }

    /// <summary>The hashes of a body again, as far as they were written down.</summary>
    public static RequestHashes Read(ReadOnlySpan<byte> facts)
    {
        if (facts.Length < Head)
        {
            return new();
        }

        var flags = facts[1];
        var rest = facts[Head..];
        var opening = (flags & IsOpening) != 0 ? Take(ref rest, HashLength).ToArray() : null;
        var prefixes = new List<MessagePrefix>(1);
        if ((flags & HasBeginning) != 0)
        {
            prefixes.Add(TakePrefix(ref rest, (flags & HasFollowing) != 0));
        }

        if ((flags & HasAllBeginnings) != 0)
        {
            for (var left = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, sizeof(int))); left > 0; left--)
            {
                prefixes.Add(TakePrefix(ref rest, Take(ref rest, 1)[0] != 0));
            }
        }

        return new()
        {
            HasMessages = true,
            IsSummarizer = (flags & IsSummarizer) != 0,
            CountedMessages = BinaryPrimitives.ReadInt32LittleEndian(facts[2..]),
            OpeningTextHash = opening,
            Prefixes = prefixes,
        };
    }

    /// <summary>Whether all is there that linking may ask for: all beginnings, and no summary.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> facts)
        => facts.Length < Head
           || ((facts[1] & IsContinuation) == 0
               && ((facts[1] & HasBeginning) == 0 || (facts[1] & HasAllBeginnings) != 0));

    /// <summary>Whether what is stored says the same as what has the longest beginning alone.</summary>
    public static bool AreSame(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> facts)
        => facts.Length < Head ? stored.Length == facts.Length
            : stored.Length >= facts.Length && (stored[1] & ~HasAllBeginnings) == facts[1]
              && stored[2..facts.Length].SequenceEqual(facts[2..])
              && (stored.Length == facts.Length) == ((stored[1] & HasAllBeginnings) == 0);

    /// <summary>Whether this is what the answer showed when it was written down.</summary>
    public static bool Shows(ReadOnlySpan<byte> facts, AnswerHashes answer)
        => facts.Length < Head || BinaryPrimitives.ReadUInt64LittleEndian(facts[6..]) == Sum(answer);

    /// <summary>A part of a sum over keys, whatever their order.</summary>
    public static ulong Sum(ReadOnlySpan<byte> key)
        => key.Length < sizeof(ulong) ? 1 : BinaryPrimitives.ReadUInt64LittleEndian(key);

    private static ulong Sum(AnswerHashes answer)
    {
        var sum = 0UL;
        foreach (var key in answer.SummaryKeys)
        {
            sum += Sum(key);
        }

        foreach (var prompt in answer.PromptedTasks)
        {
            sum += Sum(SHA256.HashData(
                [(byte)prompt.Ordinal, .. prompt.PromptHash, .. Encoding.UTF8.GetBytes(prompt.ToolUseId ?? "-")]));
        }

        return sum;
    }

    private static MessagePrefix TakePrefix(ref ReadOnlySpan<byte> rest, bool hasFollowing)
    {
        var hash = Take(ref rest, HashLength).ToArray();
        var answers = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, sizeof(int)));
        return new(
            hash, CountedMessages: 0, answers, hasFollowing ? Take(ref rest, HashLength).ToArray() : null,
            CompatibleHash: null);
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int length)
    {
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}
