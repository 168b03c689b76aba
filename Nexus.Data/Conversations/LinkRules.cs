using System.Security.Cryptography;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>Rules of linking that need no database.</summary>
internal static class LinkRules
{
    /// <summary>How old a failed or silent request without a parent may be for the same body to be its retry.</summary>
    public static readonly TimeSpan RetryWindow = TimeSpan.FromMinutes(10);

    /// <summary>How old a tool use may be whose prompt opens a sub-task; the end is included.</summary>
    public static readonly TimeSpan SubtaskWindow = TimeSpan.FromHours(24);

    /// <summary>How old a summary may be that is continued.</summary>
    public static readonly TimeSpan ContinuationWindow = TimeSpan.FromDays(7);

    /// <summary>How a request hangs on the parent that was found by messages.</summary>
    public static LinkKind KindOf(LinkSubject subject, LinkCandidate parent)
        => DistanceTo(subject, parent) > 1 ? LinkKind.Ancestor
            : parent.HasSameSystem ? LinkKind.Exact
            : subject.Hashes.IsSummarizer ? LinkKind.Summarization
            : LinkKind.SystemChanged;

    public static int DistanceTo(LinkSubject subject, LinkCandidate parent)
        => subject.Hashes.Prefixes[parent.Prefix - 1].AnswersAfter;

    /// <summary>Of a request and its retries, the first: they count as one.</summary>
    public static Guid First(LinkCandidate candidate) => candidate.RetryOfRequestId ?? candidate.RequestId;

    /// <summary>Whether the longest beginning need not be the parent's, so that all of them are written down: the turn before
    /// is not stored, or more than one beginning is one answer away.</summary>
    public static bool MayHaveLostTurn(int? distance, IReadOnlyList<MessagePrefix> prefixes)
        => distance != 1 || (prefixes.Count > 1 && prefixes[1].AnswersAfter == 1);

    /// <summary>Whether the first is the better parent: of more messages, by the answer that follows, by the system
    /// prompt, the newer.</summary>
    public static bool IsBetter(LinkSubject subject, LinkCandidate first, LinkCandidate second)
    {
        if (first.Prefix != second.Prefix)
        {
            return first.Prefix < second.Prefix;
        }

        var (firstAnswers, secondAnswers) = (AnswerFollows(subject, first), AnswerFollows(subject, second));
        if (firstAnswers != secondAnswers)
        {
            return firstAnswers;
        }

        if (first.HasSameSystem != second.HasSameSystem)
        {
            return first.HasSameSystem;
        }

        return IsNewer(first, second);
    }

    public static bool IsNewer(LinkCandidate first, LinkCandidate second)
        => (first.Timestamp, first.RequestId).CompareTo((second.Timestamp, second.RequestId)) > 0;

    /// <summary>Whether the candidate's own answer is the message that follows its messages in the subject's body.</summary>
    public static bool AnswerFollows(LinkSubject subject, LinkCandidate candidate)
        => candidate.AnswerHash is { } answered
           && subject.Hashes.Prefixes[candidate.Prefix - 1] is { NextAnswerHash: { } next } prefix
           && Answered(prefix.LinkHash, next).AsSpan().SequenceEqual(answered);

    /// <summary>The hash of messages with their answer; the look-up computes the same.</summary>
    public static byte[] Answered(ReadOnlySpan<byte> linkHash, ReadOnlySpan<byte> answerHash)
        => SHA256.HashData([.. linkHash, .. answerHash]);

    /// <summary>Whether the subject, an opening or a request without parent, retries one that had failed by then.</summary>
    public static bool HadFailed(ApiRequest earlier, DateTimeOffset by)
        => earlier.HasFailed && earlier.AnsweredAt <= by;

    /// <summary>Whether nothing is known of the earlier one's answer by then, and both are one client's.</summary>
    public static bool WasSilent(ApiRequest earlier, LinkSubject subject)
        => (earlier.AnsweredAt is not { } answered || answered > subject.Request.Timestamp)
           && earlier.UserIdHash is { } user && subject.Hashes.UserIdHash is { } own && user.AsSpan().SequenceEqual(own);
}
