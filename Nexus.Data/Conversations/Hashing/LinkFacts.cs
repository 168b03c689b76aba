using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nexus.Data.Conversations.Hashing;

/// <summary>
/// What linking reads off a request's bodies beside the hashes that are stored one by one, in about 80 bytes: enough to
/// link the request anew without its bodies, as long as the turn before it is stored.
/// </summary>
/// <remarks>
/// Its form belongs to <see cref="LinkHash.Version"/>: flags; then, where the body has messages, how many count, a sum over
/// what the answer shows, the text's hash of an opening, and the longest beginning with the answer that follows it.
/// Numbers are little-endian. The first byte of flags is read by SQL as well.
/// </remarks>
internal static class LinkFacts
{
    /// <summary>Flags of the first byte: the body tells this, so the column of it is not null where it was filled in.</summary>
    public const int HasCurrentHash = 1;
    public const int HasParentHash = 2;
    public const int HasSystemHash = 4;
    public const int NamesModel = 8;

    private const int IsSummarizer = 1;
    private const int IsContinuation = 2;
    private const int IsOpening = 4;
    private const int HasBeginning = 8;
    private const int HasFollowing = 16;

    private const int HashLength = SHA256.HashSizeInBytes;
    private const int Head = 14;

    /// <summary>Writes down what the bodies tell.</summary>
    public static byte[] Of(RequestHashes hashes, AnswerHashes answer)
    {
        var told = (byte)((hashes.CurrentMessageHash is null ? 0 : HasCurrentHash)
            | (hashes.ParentMessageHash is null ? 0 : HasParentHash) | (hashes.SystemHash is null ? 0 : HasSystemHash)
            | (hashes.Model is { Length: <= 100 } ? NamesModel : 0));
        if (!hashes.HasMessages)
        {
            return [told];
        }

        MessagePrefix? beginning = hashes.Prefixes.Count > 0 ? hashes.Prefixes[0] : null;
        var facts = new byte[Head + (hashes.OpeningTextHash is null ? 0 : HashLength)
            + (beginning is null ? 0 : HashLength + sizeof(int)) + (beginning?.NextAnswerHash is null ? 0 : HashLength)];
        facts[0] = told;
        facts[1] = (byte)((hashes.IsSummarizer ? IsSummarizer : 0) | (hashes.Continuation is null ? 0 : IsContinuation)
            | (hashes.OpeningTextHash is null ? 0 : IsOpening) | (beginning is null ? 0 : HasBeginning)
            | (beginning?.NextAnswerHash is null ? 0 : HasFollowing));
        BinaryPrimitives.WriteInt32LittleEndian(facts.AsSpan(2), hashes.CountedMessages);
        BinaryPrimitives.WriteUInt64LittleEndian(facts.AsSpan(6), Sum(answer));
        var end = Head;
        Append(hashes.OpeningTextHash);
        Append(beginning?.LinkHash);
        if (beginning is { } longest)
        {
            BinaryPrimitives.WriteInt32LittleEndian(facts.AsSpan(end), longest.AnswersAfter);
            end += sizeof(int);
        }

        Append(beginning?.NextAnswerHash);
        return facts;

        void Append(byte[]? hash)
        {
            hash?.CopyTo(facts, end);
            end += hash?.Length ?? 0;
        }
    }

    /// <summary>The hashes of a body again, as far as they were written down: of its beginnings only the longest.</summary>
    public static RequestHashes Read(ReadOnlySpan<byte> facts)
    {
        if (facts.Length < Head)
        {
            return new();
        }

        var flags = facts[1];
        var rest = facts[Head..];
        var opening = Next(ref rest, flags & IsOpening);
        var beginning = Next(ref rest, flags & HasBeginning);
        var answers = 0;
        if (beginning is not null)
        {
            answers = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[sizeof(int)..];
        }

        return new()
        {
            HasMessages = true,
            IsSummarizer = (flags & IsSummarizer) != 0,
            CountedMessages = BinaryPrimitives.ReadInt32LittleEndian(facts[2..]),
            OpeningTextHash = opening,
            Prefixes = beginning is null ? []
                : [new(beginning, CountedMessages: 0, answers, Next(ref rest, flags & HasFollowing), CompatibleHash: null)],
        };

        static byte[]? Next(ref ReadOnlySpan<byte> rest, int has)
        {
            if (has == 0)
            {
                return null;
            }

            var hash = rest[..HashLength].ToArray();
            rest = rest[HashLength..];
            return hash;
        }
    }

    /// <summary>Whether the body goes on from a summary, whose text was not written down.</summary>
    public static bool Continues(ReadOnlySpan<byte> facts) => facts.Length >= Head && (facts[1] & IsContinuation) != 0;

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
}
