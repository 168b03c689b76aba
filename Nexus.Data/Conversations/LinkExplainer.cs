using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>Says in a sentence why a request stands where it stands. Reads only, and decides nothing anew.</summary>
/// <param name="contexts">Makes the context that is read from.</param>
/// <param name="options">Which requests take part; null for the defaults.</param>
public sealed class LinkExplainer(IDbContextFactory<NexusDbContext> contexts, LinkingOptions? options = null)
{
    private const int MostCandidates = 100;

    private readonly LinkingOptions _options = options ?? new();

    /// <summary>Explains a request's place; null where there is no such request.</summary>
    /// <param name="requestId">The request.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<LinkExplanation?> ExplainAsync(Guid requestId, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var request = await db.Requests.AsNoTracking()
            .SingleOrDefaultAsync(stored => stored.RequestId == requestId, cancellationToken);
        if (request is null)
        {
            return null;
        }

        var hashes = RequestHasher.Hash(request.GetBody() is { } body ? body.Span : "null"u8);
        var explanation = new LinkExplanation
        {
            RequestId = request.RequestId,
            TrainId = request.TrainId,
            Text = "",
            Kind = request.LinkKind,
            ConversationId = request.ConversationId,
            BranchId = request.ConversationId is null ? null : request.BranchId,
            ParentRequestId = request.ParentRequestId,
            Distance = request.LinkDistance,
            Candidates = request.LinkCandidates,
            RetryOfRequestId = request.RetryOfRequestId,
            UnlinkedBecause = request.UnlinkedBecause,
        };
        if (request.UnlinkedBecause is { } because)
        {
            return explanation with
            {
                Outcome = LinkOutcome.Deferred,
                Text = $"It waits to be linked: {because} The sweep links it, or 'rebuild-conversations' does.",
            };
        }

        if (request.LinkKind is not { } kind)
        {
            return WithoutKind(explanation, request, hashes);
        }

        explanation = explanation with { Outcome = LinkOutcome.Linked };
        return kind switch
        {
            LinkKind.Root => await RootAsync(db, explanation, request, hashes, cancellationToken),
            LinkKind.Retry => await RetryAsync(db, explanation, request, cancellationToken),
            LinkKind.Subtask => await SubtaskAsync(db, explanation, request, cancellationToken),
            LinkKind.Continuation => explanation with
            {
                Text = $"It goes on after its conversation ran out of context: the summary in its first message stands in "
                    + $"the answer to request {request.ParentRequestId}, so it is in that conversation, on branch "
                    + $"{request.BranchId}.",
            },
            _ => await ChildAsync(db, explanation, request, hashes, cancellationToken),
        };
    }

    private LinkExplanation WithoutKind(LinkExplanation explanation, ApiRequest request, RequestHashes hashes)
    {
        if (request.ConversationId is not null)
        {
            var parent = request.ParentRequestId is { } id ? $", below request {id}" : "";
            return explanation with
            {
                Outcome = LinkOutcome.Linked,
                Text = $"Another program put it into conversation {request.ConversationId}, on branch "
                    + $"{request.BranchId}{parent}, and did not say why; 'rebuild-conversations' links it by our rules.",
            };
        }

        return !_options.TakesPart(request)
                ? TakesNoPart($"requests of type {request.RequestType ?? "token_count"} belong to no conversation.")
            : !hashes.HasMessages
                ? TakesNoPart("its body has no messages.")
            : explanation with
            {
                Text = "Nobody has linked it yet: 'rebuild-conversations' does.",
            };

        LinkExplanation TakesNoPart(string because) => explanation with
        {
            Outcome = LinkOutcome.TakesNoPart,
            Text = $"It takes no part in conversations: {because}",
        };
    }

    private static async Task<LinkExplanation> RootAsync(
        NexusDbContext db, LinkExplanation explanation, ApiRequest request, RequestHashes hashes,
        CancellationToken cancellationToken)
    {
        var taken = hashes.OpeningTextHash is { } text ? await TakenAsync(db, request, text, cancellationToken) : [];
        var start = hashes.Prefixes.Count == 0
            ? "It starts its conversation"
            : Invariant($"It starts its conversation though it has {hashes.CountedMessages} messages, for no earlier ")
              + "request of its train that is stored has a beginning of them";
        var remark = taken.Count > 0
                ? Invariant($" Its text is the prompt of {Count(taken.Count, "tool use", "tool uses")} in the answer to ")
                  + $"request {string.Join(", ", taken.Select(prompt => prompt.RequestId).Distinct())}, but "
                  + "each had its sub-task already when it came."
            : hashes.Continuation is not null
                ? " It begins as a client does after a conversation ran out of context, but no answer of the seven days "
                  + "before it holds its summary."
            : "";
        return explanation with { Text = $"{start}, on branch {request.BranchId}.{remark}", TakenPrompts = taken.Count };
    }

    private static Task<List<TaskPrompt>> TakenAsync(
        NexusDbContext db, ApiRequest request, byte[] text, CancellationToken cancellationToken)
    {
        var since = request.Timestamp - LinkRules.SubtaskWindow;
        return db.TaskPrompts.AsNoTracking()
            .Where(prompt => prompt.TrainId == request.TrainId && prompt.PromptHash == text
                && prompt.SubtaskRequestId != null && prompt.SubtaskRequestId != request.RequestId
                && prompt.Timestamp >= since && prompt.Timestamp <= request.Timestamp)
            .OrderByDescending(prompt => prompt.Timestamp).ThenBy(prompt => prompt.Ordinal)
            .ToListAsync(cancellationToken);
    }

    private static async Task<LinkExplanation> RetryAsync(
        NexusDbContext db, LinkExplanation explanation, ApiRequest request, CancellationToken cancellationToken)
    {
        var first = await db.Requests.AsNoTracking().Where(stored => stored.RequestId == request.RetryOfRequestId)
            .Select(stored => new { stored.ResponseStatus, HasError = stored.Error != null, stored.ParentRequestId })
            .SingleOrDefaultAsync(cancellationToken);
        var because = first?.ParentRequestId is not null ? ""
            : first?.ResponseStatus is < 200 or > 299 ? Invariant($", which had failed with status {first.ResponseStatus}")
            : first is { HasError: true } ? ", which had failed"
            : ", or another try of it, which had failed or had no answer yet";
        return explanation with
        {
            Text = $"It repeats request {request.RetryOfRequestId}{because}: the same messages, system prompt and model. It "
                + $"has that request's place, on branch {request.BranchId}.",
        };
    }

    private static async Task<LinkExplanation> SubtaskAsync(
        NexusDbContext db, LinkExplanation explanation, ApiRequest request, CancellationToken cancellationToken)
    {
        var prompt = await db.TaskPrompts.AsNoTracking()
            .Where(prompt => prompt.RequestId == request.ParentRequestId
                && prompt.SubtaskRequestId == request.RequestId)
            .FirstOrDefaultAsync(cancellationToken);
        var use = prompt?.ToolUseId is { } id ? $"tool use {id}" : "a tool use";
        return explanation with
        {
            Text = $"It opens a sub-task: its text is the prompt of {use} in the answer to request "
                + $"{request.ParentRequestId}, so it is in that conversation, on branch {request.BranchId}.",
        };
    }

    private static async Task<LinkExplanation> ChildAsync(
        NexusDbContext db, LinkExplanation explanation, ApiRequest request, RequestHashes hashes,
        CancellationToken cancellationToken)
    {
        var parent = await db.Requests.AsNoTracking().Where(stored => stored.RequestId == request.ParentRequestId)
            .Select(stored => new
            {
                stored.BranchId,
                stored.AnswerHash,
                stored.LinkHash,
                IsSameSystem = stored.StableSystemHash == request.StableSystemHash,
            })
            .SingleOrDefaultAsync(cancellationToken);
        var sentence = $"It goes on from request {request.ParentRequestId}, whose messages are the beginning of its own; "
            + request.LinkKind switch
            {
                LinkKind.Ancestor => Invariant($"{request.LinkDistance} answers lie between them, ")
                    + "for the requests in between were never stored",
                LinkKind.SystemChanged => "its system prompt is another one",
                LinkKind.Summarization => "its system prompt is the summarizer's, and it claims no branch",
                _ => "its system prompt is the same",
            }
            + ".";

        if (request.LinkCandidates > 1)
        {
            var isAnswer = parent is { LinkHash: { } messages, AnswerHash: { } answered } && hashes.Prefixes.Any(
                prefix => prefix.LinkHash.AsSpan().SequenceEqual(messages) && prefix.NextAnswerHash is { } next
                    && LinkRules.Answered(messages, next).AsSpan().SequenceEqual(answered));
            var number = request.LinkCandidates >= MostCandidates
                ? Invariant($"{MostCandidates} or more")
                : Invariant($"{request.LinkCandidates}");
            sentence += $" Of {number} requests with those messages it was taken "
                + (isAnswer ? "because its answer is the one that follows here."
                    : parent?.IsSameSystem == true ? "because its system prompt is the same, as the newest such."
                    : "as the newest.");
        }

        if (request.ClaimsBranch is not true || parent is null || parent.BranchId == request.BranchId)
        {
            return explanation with { Text = sentence };
        }

        var takenBy = await FirstChildAsync(db, request, parent.BranchId, cancellationToken);
        var holder = takenBy is { } first ? $"request {first} had gone on from there before" : "that one was taken";
        return explanation with
        {
            Text = $"{sentence} It is on branch {request.BranchId} and not on {parent.BranchId}: {holder}.",
            BranchTakenBy = takenBy,
        };
    }

    // A request and its retries count as one.
    private static async Task<Guid?> FirstChildAsync(
        NexusDbContext db, ApiRequest request, string? branchId, CancellationToken cancellationToken)
    {
        var first = await db.Requests.Where(stored => stored.RequestId == request.ParentRequestId)
            .Select(stored => stored.RetryOfRequestId ?? stored.RequestId).SingleAsync(cancellationToken);
        var same = db.Requests.Where(stored => stored.RequestId == first || stored.RetryOfRequestId == first)
            .Select(stored => (Guid?)stored.RequestId);
        return await db.Requests
            .Where(stored => same.Contains(stored.ParentRequestId) && stored.BranchId == branchId
                && stored.ClaimsBranch == true && stored.RequestId != request.RequestId)
            .OrderBy(stored => stored.Timestamp).ThenBy(stored => stored.RequestId)
            .Select(stored => (Guid?)stored.RequestId).FirstOrDefaultAsync(cancellationToken);
    }

    private static string Count(int number, string one, string many)
        => Invariant($"{number} {(number == 1 ? one : many)}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
