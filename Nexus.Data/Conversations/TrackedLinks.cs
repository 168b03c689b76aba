using Microsoft.EntityFrameworkCore;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>What the context tracks and has not saved yet, to be looked at beside the database.</summary>
internal sealed class TrackedLinks
{
    private readonly DbContext _db;
    private readonly Dictionary<Guid, ApiRequest> _requests = [];
    private readonly Dictionary<Key, List<ApiRequest>> _byMessages = [];
    private readonly Dictionary<(Guid, int), TaskPrompt> _prompts = [];
    private readonly Dictionary<Key, List<SummaryKey>> _summaries = [];
    private readonly Dictionary<Key, List<LinkWait>> _waits = [];

    public TrackedLinks(DbContext db, string trainId)
    {
        _db = db;
        foreach (var entry in db.ChangeTracker.Entries())
        {
            if (entry.State is not (EntityState.Added or EntityState.Modified))
            {
                continue;
            }

            switch (entry.Entity)
            {
                case ApiRequest request when request.TrainId == trainId:
                    Add(request);
                    break;
                case TaskPrompt prompt when prompt.TrainId == trainId:
                    Add(prompt);
                    break;
                case SummaryKey key when key.TrainId == trainId:
                    Add(key);
                    break;
                case LinkWait wait when wait.TrainId == trainId:
                    Add(wait);
                    break;
            }
        }
    }

    /// <summary>Tool uses that were given to a sub-task and not saved yet.</summary>
    public int GivenAway => _prompts.Values.Count(prompt => prompt.SubtaskRequestId is not null);

    public void Add(ApiRequest request)
    {
        // One that is being linked has no hash at first, and is added again when it has.
        _requests[request.RequestId] = request;
        if (request.LinkHash is { } hash && List(_byMessages, hash) is { } same && !same.Contains(request))
        {
            same.Add(request);
        }
    }

    public void Add(TaskPrompt prompt) => _prompts.TryAdd((prompt.RequestId, prompt.Ordinal), prompt);

    public void Add(SummaryKey key) => List(_summaries, key.Key).Add(key);

    public void Add(LinkWait wait) => List(_waits, wait.Key).Add(wait);

    public void Remove(LinkWait wait) => List(_waits, wait.Key).Remove(wait);

    public ApiRequest? Request(Guid requestId) => _requests.GetValueOrDefault(requestId);

    public TaskPrompt? Prompt(Guid requestId, int ordinal) => _prompts.GetValueOrDefault((requestId, ordinal));

    /// <summary>A candidate as it will be saved, where it is tracked.</summary>
    public LinkCandidate Newest(LinkCandidate candidate)
        => _requests.TryGetValue(candidate.RequestId, out var request)
            ? LinkCandidate.Of(request) with
            {
                Prefix = candidate.Prefix,
                Count = candidate.Count,
                IsBranchTaken = candidate.IsBranchTaken,
                HasSameSystem = candidate.HasSameSystem,
            }
            : candidate;

    /// <summary>The best parent by messages, with the number of those that have them and that the database does not count.
    /// </summary>
    public LinkCandidate? Parent(LinkSubject subject)
    {
        for (var i = 0; i < subject.Hashes.Prefixes.Count; i++)
        {
            LinkCandidate? best = null;
            var count = 0;
            foreach (var request in Earlier(subject, subject.Hashes.Prefixes[i].LinkHash))
            {
                count += _db.Entry(request).State == EntityState.Added ? 1 : 0;
                var candidate = LinkCandidate.Of(request) with
                {
                    Prefix = i + 1,
                    HasSameSystem = IsEqual(request.StableSystemHash, subject.Hashes.StableSystemHash),
                };
                best = best is null || LinkRules.IsBetter(subject, candidate, best) ? candidate : best;
            }

            if (best is not null)
            {
                return best with { Count = count };
            }
        }

        return null;
    }

    /// <summary>Requests before the subject with its very messages, system prompt and model.</summary>
    public IEnumerable<ApiRequest> SameBodies(LinkSubject subject)
        => subject.Hashes.LinkHash is { } own
            ? Earlier(subject, own).Where(request => request.Model == subject.Model
                && IsEqual(request.StableSystemHash, subject.Hashes.StableSystemHash))
            : [];

    /// <summary>Whether an unsaved request goes on from the candidate, or from a retry of it, on its branch.</summary>
    public bool IsBranchTaken(LinkCandidate candidate, Guid except)
    {
        var first = LinkRules.First(candidate);
        return _requests.Values.Any(child => child.RequestId != except && child.ClaimsBranch is true
            && child.BranchId == candidate.BranchId && FirstParent(child) == first);
    }

    /// <summary>Tool uses with the prompt that are free and not saved as such.</summary>
    public IEnumerable<TaskPrompt> FreePrompts(LinkSubject subject)
        => subject.Hashes.OpeningTextHash is not { } text ? [] : _prompts.Values.Where(prompt =>
            prompt.SubtaskRequestId is null && prompt.PromptHash.AsSpan().SequenceEqual(text)
            && prompt.RequestId != subject.Request.RequestId
            && prompt.Timestamp <= subject.Request.Timestamp
            && prompt.Timestamp >= subject.Request.Timestamp - LinkRules.SubtaskWindow);

    /// <summary>Unsaved answers that begin like the subject's summary.</summary>
    public IEnumerable<ApiRequest> Summaries(LinkSubject subject)
        => subject.Hashes.Continuation is not { } continuation || !_summaries.TryGetValue(new(continuation.Key), out var keys)
            ? []
            : keys.Where(key => key.RequestId != subject.Request.RequestId
                    && key.Timestamp <= subject.Request.Timestamp
                    && key.Timestamp >= subject.Request.Timestamp - LinkRules.ContinuationWindow)
                .Select(key => Request(key.RequestId)).OfType<ApiRequest>();

    /// <summary>Unsaved requests that wait for what the subject shows, and why.</summary>
    public IEnumerable<(ApiRequest Request, WaitReason Reason)> Waiting(LinkSubject subject)
        => from shown in subject.Shown
           from wait in _waits.GetValueOrDefault(new(shown.Key), [])
           where wait.RequestId != subject.Request.RequestId
                 && wait.Timestamp >= subject.Request.Timestamp && wait.Timestamp <= shown.Until
           let request = Request(wait.RequestId)
           where request is not null && (shown.Reason != WaitReason.Rival
               || (request.LinkKind is LinkKind.Subtask && request.Timestamp > subject.Request.Timestamp))
           select (request, shown.Reason);

    /// <summary>Names that unsaved requests have in a conversation.</summary>
    public IEnumerable<string> BranchNames(Guid conversationId, Guid except)
        => _requests.Values
            .Where(request => request.ConversationId == conversationId && request.RequestId != except)
            .Select(request => request.BranchId).OfType<string>().Distinct();

    public static bool IsEqual(byte[]? left, byte[]? right)
        => left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);

    // Of the parent and its retries, the first.
    private Guid? FirstParent(ApiRequest child)
        => child.ParentRequestId is not { } parent ? null
            : Request(parent) is { } tracked ? tracked.RetryOfRequestId ?? parent
            : child.FirstParent ?? parent;

    private IEnumerable<ApiRequest> Earlier(LinkSubject subject, byte[] linkHash)
        => _byMessages.TryGetValue(new(linkHash), out var requests)
            ? requests.Where(request => request.RequestId != subject.Request.RequestId
                && request.Timestamp <= subject.Request.Timestamp)
            : [];

    private static List<T> List<T>(Dictionary<Key, List<T>> lists, byte[] key)
    {
        if (!lists.TryGetValue(new(key), out var list))
        {
            lists[new(key)] = list = [];
        }

        return list;
    }

    // Digests, compared by their bytes.
    private readonly record struct Key(byte[] Bytes)
    {
        public bool Equals(Key other) => Bytes.AsSpan().SequenceEqual(other.Bytes);

        public override int GetHashCode() => BitConverter.ToInt32(Bytes);
    }
}
