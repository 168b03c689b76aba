using System.Text.Json;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>A request that is being linked, with all that its bodies tell.</summary>
internal sealed class LinkSubject
{
    public LinkSubject(ApiRequest request)
    {
        Request = request;
        Hashes = request.Hashes ??= RequestHasher.Hash(request.GetBody() is { } body ? body.Span : "null"u8);
        Answer = AnswerHasher.Hash(request.GetResponseBody() is { } answer ? answer.Span : "null"u8);
        IsPlaced = request is { ConversationId: not null, LinkKind: not null };
        IsFiled = request.LinkKind is not null;
        HadAnswer = IsFiled && request.AnswerHash is not null;
        Shown = [.. Keys()];
    }

    public ApiRequest Request { get; }

    public RequestHashes Hashes { get; }

    public AnswerHashes Answer { get; }

    public string? Model => Request.Model;

    /// <summary>Where it stood, where it is being linked once more.</summary>
    public LinkPlace? Before { get; set; }

    /// <summary>The parent that was chosen by messages; null where there is none.</summary>
    public LinkCandidate? Parent { get; set; }

    /// <summary>Whether what its answer shows was written down before.</summary>
    public bool HadAnswer { get; }

    /// <summary>The hash of its messages with its answer; null while there is none.</summary>
    public byte[]? Answered
        => Hashes.LinkHash is { } own && Answer.AnswerHash is { } answer ? LinkRules.Answered(own, answer) : null;

    /// <summary>The keys by which others may wait for this request or for its answer, until which time, and why.</summary>
    public IReadOnlyList<(byte[] Key, DateTimeOffset Until, WaitReason Reason)> Shown { get; }

    /// <summary>Whether it had its place before it came here.</summary>
    public bool IsPlaced { get; }

    /// <summary>Whether what it waits for was written down before: it had its place, or hung on a request without
    /// one.</summary>
    public bool IsFiled { get; }

    public bool IsOpening => Hashes.OpeningTextHash is not null;

    /// <summary>Writes down what the body tells, whatever becomes of its link. The compatible hashes are written once:
    /// of a body that came back from the database they would come out otherwise.</summary>
    public void FillInHashes()
    {
        Request.MessageCount ??= Hashes.MessageCount;
        Request.Model ??= Hashes.Model is { Length: <= 100 } model ? model : null;
        Request.LinkVersion = LinkHash.Version;
        if (!Hashes.HasMessages)
        {
            FillInFacts();
            return;
        }

        Request.CurrentMessageHash ??= Hashes.CurrentMessageHash;
        Request.SystemHash ??= Hashes.SystemHash;
        Request.LinkHash = Hashes.LinkHash;
        Request.StableSystemHash = Hashes.StableSystemHash;
        Request.UserIdHash = Hashes.UserIdHash;
        Request.AnswerHash = Answered;
        if (IsPlaced)
        {
            // Of the others the place decides what is written down.
            FillInFacts();
        }
    }

    /// <summary>Writes down the rest, as the place asks for it: all beginnings where the longest may not be the
    /// parent's.</summary>
    public void FillInFacts()
    {
        var filled = LinkFacts.Filled(
            Request.CurrentMessageHash is not null, Request.ParentMessageHash is not null, Request.SystemHash is not null,
            Request.Model is not null);
        Request.LinkFacts = LinkFacts.Of(
            Hashes, Answer, filled,
            Request.LinkKind is not (null or LinkKind.Retry)
            && LinkRules.MayHaveLostTurn(Request.LinkDistance, Hashes.Prefixes));
    }

    /// <summary>The link hash of an opening with just this text.</summary>
    public static byte[] OpeningHash(string prompt)
        => RequestHasher.Hash(JsonSerializer.SerializeToUtf8Bytes(
            new { messages = new[] { new { role = "user", content = prompt } } })).LinkHash!;

    /// <summary>A shorter body first where times are equal, so that a proper beginning precedes what it begins.</summary>
    public static int InOrder(LinkSubject left, LinkSubject right)
    {
        var order = left.Request.Timestamp.CompareTo(right.Request.Timestamp);
        order = order != 0 ? order : left.Hashes.CountedMessages.CompareTo(right.Hashes.CountedMessages);
        return order != 0 ? order : left.Request.RequestId.CompareTo(right.Request.RequestId);
    }

    private IEnumerable<(byte[] Key, DateTimeOffset Until, WaitReason Reason)> Keys()
    {
        if (Hashes.LinkHash is { } own)
        {
            yield return (LinkKeys.WaitForMessages(own), DateTimeOffset.MaxValue, WaitReason.Messages);
            if (Answered is { } answered)
            {
                yield return (LinkKeys.WaitForAnswer(answered), DateTimeOffset.MaxValue, WaitReason.Answer);
            }
        }

        var subtasksUntil = Request.Timestamp + LinkRules.SubtaskWindow;
        foreach (var prompt in Answer.PromptedTasks)
        {
            yield return (LinkKeys.WaitForPrompt(prompt.PromptHash), subtasksUntil, WaitReason.Answer);
        }

        if (Hashes.OpeningTextHash is { } text)
        {
            yield return (LinkKeys.WaitForPrompt(text), subtasksUntil, WaitReason.Rival);
        }

        foreach (var key in Answer.SummaryKeys)
        {
            yield return (
                LinkKeys.WaitForSummary(key), Request.Timestamp + LinkRules.ContinuationWindow, WaitReason.Answer);
        }
    }
}

/// <summary>Why a request that is stored late, or whose answer is, concerns one that was stored before it.</summary>
internal enum WaitReason
{
    /// <summary>Its answer asks for the other, or goes before it.</summary>
    Answer = 0,

    /// <summary>Its messages are a beginning of the other's.</summary>
    Messages = 1,

    /// <summary>It comes before the other in the row for the same tool use.</summary>
    Rival = 2,
}
