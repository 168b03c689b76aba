using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Npgsql;

namespace Nexus.Data.Conversations;

/// <summary>Links a batch of one train: asks, decides, files. One transaction's work; thrown away after it.</summary>
internal sealed class LinkSession(DbContext db, string trainId, bool holdsTrain)
{
    // A loop that finds its place moved or taken each time would be a fault of ours and no race.
    private const int MaxTries = 20;

    private readonly LinkLookup _lookup = new(db, holdsTrain);
    private readonly List<object> _added = [];
    private readonly Dictionary<object, PropertyValues> _changed = new(ReferenceEqualityComparer.Instance);

    // Requests whose tool uses were given back: the database still says that they are taken.
    private readonly Dictionary<Guid, LinkCandidate> _givers = [];
    private TrackedLinks _tracked = new(db, trainId);

    /// <summary>Links the subjects in their order; those that have their place show their answers only.</summary>
    /// <returns>False where the train is held by a rebuild or an import; nothing was done then.</returns>
    public async Task<bool> LinkAsync(IReadOnlyList<LinkSubject> subjects, CancellationToken cancellationToken)
    {
        var found = await _lookup.FindAsync(trainId, subjects, _tracked.GivenAway, savepoint: true, cancellationToken);
        if (found is null)
        {
            return false;
        }

        // As they are before this session: what is given back goes by where they hang.
        foreach (var subject in subjects)
        {
            Change(subject.Request);
        }

        await LockNamesAsync(subjects, found, cancellationToken);
        for (var i = 0; i < subjects.Count; i++)
        {
            var subject = subjects[i];
            subject.Request.UnlinkedBecause = null;
            var later = await LaterAsync(subject, found[i], cancellationToken);
            if (!subject.IsPlaced)
            {
                if (subject.IsFiled)
                {
                    await GiveBackAsync(subject, cancellationToken);
                }

                await PlaceAsync(subject, found[i], cancellationToken);
            }

            _tracked.Add(subject.Request);
            AddAnswer(subject);
            await LinkAgainAsync(later, cancellationToken);
        }

        return true;
    }

    /// <summary>Takes back what was tracked beside the subjects, after the database undid its part.</summary>
    public void Forget()
    {
        db.ChangeTracker.DetectChanges();
        foreach (var entity in _added)
        {
            db.Entry(entity).State = EntityState.Detached;
        }

        foreach (var (entity, before) in _changed)
        {
            // What the caller had changed before, such as an answer, is the caller's.
            var entry = db.Entry(entity);
            entry.CurrentValues.SetValues(before);
            foreach (var property in entry.Properties)
            {
                property.IsModified = property.IsModified && !Equals(property.CurrentValue, property.OriginalValue);
            }
        }

        _added.Clear();
        _changed.Clear();
        _tracked = new(db, trainId);
    }

    // A batch takes the locks that it may need at once and in their order: one by one, two batches could wait for each
    // other.
    private async Task LockNamesAsync(
        IReadOnlyList<LinkSubject> subjects, IReadOnlyList<FoundLinks> found, CancellationToken cancellationToken)
    {
        var keys = found
            .SelectMany(links => links.Tasks.Select(task => task.Request)
                .Concat(links.Summaries.Select(summary => summary.Request))
                .Concat(links.Parent is { IsBranchTaken: true } parent ? [parent] : []))
            .Select(candidate => candidate.ConversationId).OfType<Guid>().Distinct()
            .Select(conversation => LinkKeys.ConversationLock(trainId, conversation)).Order().ToArray();
        if (!holdsTrain && subjects.Count > 1 && keys.Length > 1)
        {
            await db.ReadAsync(
                LinkStatements.LockAll, [DbCommands.Longs("keys", keys)], (_, _) => Task.FromResult(0),
                cancellationToken);
        }
    }

    private async Task PlaceAsync(LinkSubject subject, FoundLinks found, CancellationToken cancellationToken)
    {
        subject.Request.Unlink();
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await TryPlaceAsync(subject, found, cancellationToken))
            {
                subject.FillInFacts();
                AddWaits(subject);
                return;
            }

            // Somebody moved or took what was found, between the look-up and the lock on the names.
            found = (await _lookup.FindAsync(trainId, [subject], _tracked.GivenAway, savepoint: false, cancellationToken))![0];
        }

        throw new NexusDataException(
            NexusDataErrorKind.Unavailable, $"Request {subject.Request.RequestId} found no place in {MaxTries} tries.");
    }

    // The rules in their order. A known failure comes before a sub-task; silence comes after it.
    private async Task<bool> TryPlaceAsync(LinkSubject subject, FoundLinks found, CancellationToken cancellationToken)
    {
        var (failed, silent) = Retried(subject, found);
        if (failed is not null)
        {
            PlaceAsRetry(subject, failed);
            return true;
        }

        if (FreeTask(subject, found) is { } task)
        {
            return await TryPlaceAsSubtaskAsync(subject, task.Request, task.Ordinal, cancellationToken);
        }

        if (silent is not null)
        {
            PlaceAsRetry(subject, silent);
            return true;
        }

        if (Parent(subject, found) is { } parent)
        {
            return await TryPlaceBelowAsync(subject, parent, found, cancellationToken);
        }

        if (await SummaryAsync(subject, found, cancellationToken) is { } summary)
        {
            return await TryPlaceAsContinuationAsync(subject, summary, cancellationToken);
        }

        PlaceAsRoot(subject, found);
        return true;
    }

    private (LinkCandidate? Failed, LinkCandidate? Silent) Retried(LinkSubject subject, FoundLinks found)
    {
        var (failed, silent) = (found.FailedRetry, found.SilentRetry);
        foreach (var earlier in _tracked.SameBodies(subject))
        {
            var isRecent = earlier.Timestamp >= subject.Request.Timestamp - LinkRules.RetryWindow;
            if ((!subject.IsOpening && earlier.ParentRequestId is not null)
                || (isRecent && LinkRules.HadFailed(earlier, subject.Request.Timestamp)))
            {
                failed ??= First(earlier);
            }
            else if (isRecent && LinkRules.WasSilent(earlier, subject))
            {
                silent ??= First(earlier);
            }
        }

        return (failed is null ? null : _tracked.Newest(failed), silent is null ? null : _tracked.Newest(silent));
    }

    // A retry has the place of the first of its kind, so that it can stand for it.
    private static LinkCandidate First(ApiRequest request)
        => LinkCandidate.Of(request) with { RequestId = request.RetryOfRequestId ?? request.RequestId };

    private static void PlaceAsRetry(LinkSubject subject, LinkCandidate first)
    {
        var request = subject.Request;
        Take(request, first.ConversationId, first.BranchId, first.ParentRequestId, LinkKind.Retry);
        request.RetryOfRequestId = first.RequestId;
        request.LinkDistance = first.LinkDistance;
        request.IsSubtask = first.IsSubtask;
        request.ParentTaskRequestId = first.ParentTaskRequestId;
        request.ParentMessageHash ??= subject.Hashes.ParentMessageHash;
    }

    private (LinkCandidate Request, int Ordinal)? FreeTask(LinkSubject subject, FoundLinks found)
    {
        (LinkCandidate Request, int Ordinal)? best = null;
        foreach (var task in found.Tasks)
        {
            if (_tracked.Prompt(task.Request.RequestId, task.Ordinal)?.SubtaskRequestId is null)
            {
                Consider(_tracked.Newest(task.Request), task.Ordinal);
            }
        }

        foreach (var prompt in _tracked.FreePrompts(subject))
        {
            if (_tracked.Request(prompt.RequestId) is { } request)
            {
                Consider(LinkCandidate.Of(request), prompt.Ordinal);
            }
            else if (_givers.TryGetValue(prompt.RequestId, out var giver))
            {
                Consider(giver, prompt.Ordinal);
            }
        }

        return best;

        void Consider(LinkCandidate request, int ordinal)
        {
            // Two openings of one instant cannot each be the other's sub-task.
            var hangsOnSubject = request.ParentRequestId == subject.Request.RequestId;
            if (!hangsOnSubject && (best is not { } other || LinkRules.IsNewer(request, other.Request)
                || (request.RequestId == other.Request.RequestId && ordinal < other.Ordinal)))
            {
                best = (request, ordinal);
            }
        }
    }

    private async Task<bool> TryPlaceAsSubtaskAsync(
        LinkSubject subject, LinkCandidate parent, int ordinal, CancellationToken cancellationToken)
    {
        var request = subject.Request;
        if (parent.ConversationId is { } conversation)
        {
            if (await NextSubtaskAsync(conversation, parent, ordinal, request.RequestId, cancellationToken) is not { } next)
            {
                return false;
            }

            var branch = subject.Before is { LinkKind: LinkKind.Subtask } before && before.ConversationId == conversation
                ? before.BranchId
                : next;
            Take(request, conversation, branch, parent.RequestId, LinkKind.Subtask);
            TakePrompt(subject, parent, ordinal);
        }
        else
        {
            Take(request, null, ApiRequest.MainBranch, parent.RequestId, LinkKind.Subtask);
        }

        request.IsSubtask = true;
        request.ParentTaskRequestId = parent.RequestId;
        return true;
    }

    // Null where the tool use was taken or its request moved meanwhile.
    private async Task<string?> NextSubtaskAsync(
        Guid conversation, LinkCandidate parent, int ordinal, Guid except, CancellationToken cancellationToken)
    {
        var prompt = _tracked.Prompt(parent.RequestId, ordinal);
        var (stands, last) = await WithNamesAsync(
            conversation, parent, $"{LinkStatements.FindTaskIsFree};{LinkStatements.FindLastSubtask}",
            [
                DbCommands.Uuid("task", parent.RequestId),
                DbCommands.Number("ordinal", ordinal),
                DbCommands.Uuid("conversation", conversation),
            ],
            async (reader, token) =>
            {
                var isFree = prompt is not null
                    ? prompt.SubtaskRequestId is null
                    : await reader.ReadAsync(token) && reader.GetBoolean(0);
                await reader.NextResultAsync(token);
                return !isFree ? default(int?) : await reader.ReadAsync(token) ? reader.GetInt32(0) : 0;
            },
            cancellationToken);
        var unsaved = _tracked.BranchNames(conversation, except).Max(BranchNames.SubtaskNumber) ?? 0;
        return stands && last is { } number ? BranchNames.Subtask(Math.Max(number, unsaved) + 1) : null;
    }

    private void TakePrompt(LinkSubject subject, LinkCandidate parent, int ordinal)
    {
        var prompt = _tracked.Prompt(parent.RequestId, ordinal)
            ?? db.Set<TaskPrompt>().Local.FindEntry(["RequestId", "Ordinal"], [parent.RequestId, ordinal])?.Entity;
        if (prompt is null)
        {
            prompt = new()
            {
                RequestId = parent.RequestId,
                Ordinal = ordinal,
                TrainId = trainId,
                Timestamp = parent.Timestamp,
                PromptHash = subject.Hashes.OpeningTextHash!,
            };
            db.Attach(prompt);
        }

        Change(prompt);
        prompt.SubtaskRequestId = subject.Request.RequestId;
        db.Entry(prompt).Property(row => row.SubtaskRequestId).IsModified = db.Entry(prompt).State != EntityState.Added;
        _tracked.Add(prompt);
    }

    private LinkCandidate? Parent(LinkSubject subject, FoundLinks found)
    {
        var stored = found.Parent is null ? null : _tracked.Newest(found.Parent);
        var unsaved = _tracked.Parent(subject);
        if (stored is null || unsaved is null)
        {
            return stored ?? unsaved;
        }

        var best = stored.RequestId == unsaved.RequestId || LinkRules.IsBetter(subject, unsaved, stored) ? unsaved : stored;
        return stored.Prefix != unsaved.Prefix ? best : best with
        {
            Count = Math.Min(100, stored.Count + unsaved.Count),
            IsBranchTaken = stored.IsBranchTaken && LinkRules.First(best) == LinkRules.First(stored),
        };
    }

    private async Task<bool> TryPlaceBelowAsync(
        LinkSubject subject, LinkCandidate parent, FoundLinks found, CancellationToken cancellationToken)
    {
        var request = subject.Request;
        var kind = LinkRules.KindOf(subject, parent);
        var claims = !subject.Hashes.IsSummarizer;
        var branch = parent.BranchId;
        if (claims && parent.ConversationId is { } conversation)
        {
            if (subject.Before is { } before && before.ConversationId == conversation)
            {
                branch = before.BranchId;
            }
            else if (BranchBetween(parent, found) is { } between)
            {
                branch = between;
            }
            else if (parent.IsBranchTaken || _tracked.IsBranchTaken(parent, request.RequestId))
            {
                var name = await FreeNameAsync(
                    conversation, parent, BranchNames.Fork(request.Timestamp), request.RequestId, cancellationToken);
                if (name is null)
                {
                    return false;
                }

                branch = name;
            }
        }

        Take(request, parent.ConversationId, branch, parent.RequestId, kind);
        request.ClaimsBranch = claims;
        request.LinkDistance = LinkRules.DistanceTo(subject, parent);
        request.LinkCandidates = Math.Max(1, parent.Count);
        request.IsSubtask = parent.IsSubtask;
        request.ParentTaskRequestId = parent.ParentTaskRequestId;
        request.ParentMessageHash ??= subject.Hashes.ParentMessageHash;
        request.FirstParent = LinkRules.First(parent);
        subject.Parent = parent;
        return true;
    }

    // A request that comes late between two others stands where the later one stands, so that no branch moves that was
    // shown.
    private static string? BranchBetween(LinkCandidate parent, FoundLinks found)
    {
        var children = found.Waiting
            .Where(waiting => waiting.Reason == WaitReason.Messages && waiting.Request.ParentRequestId == parent.RequestId
                && waiting.Request.LinkKind is LinkKind.Ancestor or LinkKind.Exact or LinkKind.SystemChanged)
            .Select(waiting => waiting.Request)
            .OrderBy(child => child.BranchId != parent.BranchId).ThenBy(child => child.Timestamp).ToList();
        return children.Count == 0 ? null : children[0].BranchId;
    }

    private async Task<LinkCandidate?> SummaryAsync(
        LinkSubject subject, FoundLinks found, CancellationToken cancellationToken)
    {
        if (subject.Hashes.Continuation is not { } continuation)
        {
            return null;
        }

        LinkCandidate? best = null;
        foreach (var request in _tracked.Summaries(subject))
        {
            var candidate = LinkCandidate.Of(request);
            if ((best is null || LinkRules.IsNewer(candidate, best)) && request.GetResponseBody() is { } answer
                && Hashing.SummaryText.StandsIn(continuation.Text, answer.Span))
            {
                best = candidate;
            }
        }

        for (var seen = 0; found.Summaries.Count > 0;)
        {
            foreach (var (candidate, answer) in found.Summaries)
            {
                seen++;
                if (answer is not null && candidate.ParentRequestId != subject.Request.RequestId
                    && Hashing.SummaryText.StandsIn(continuation.Text, answer))
                {
                    return best is null || LinkRules.IsNewer(candidate, best) ? _tracked.Newest(candidate) : best;
                }
            }

            found = await _lookup.FindSummariesAsync(trainId, subject, seen, cancellationToken);
        }

        return best;
    }

    private async Task<bool> TryPlaceAsContinuationAsync(
        LinkSubject subject, LinkCandidate summary, CancellationToken cancellationToken)
    {
        var request = subject.Request;
        var branch = ApiRequest.MainBranch;
        if (subject.Before is { } before && before.ConversationId == summary.ConversationId)
        {
            branch = before.BranchId;
        }
        else if (summary.ConversationId is { } conversation)
        {
            var name = await FreeNameAsync(
                conversation, summary, BranchNames.Continuation(request.Timestamp), request.RequestId, cancellationToken);
            if (name is null)
            {
                return false;
            }

            branch = name;
        }

        Take(request, summary.ConversationId, branch, summary.RequestId, LinkKind.Continuation);
        request.IsSubtask = summary.IsSubtask;
        request.ParentTaskRequestId = summary.ParentTaskRequestId;
        request.ParentMessageHash ??= summary.CurrentMessageHash;
        return true;
    }

    private void PlaceAsRoot(LinkSubject subject, FoundLinks found)
    {
        // A root that comes late takes the conversation of the earliest root that goes on from it.
        var request = subject.Request;
        var below = found.Waiting.Where(waiting => waiting.Reason == WaitReason.Messages)
            .Select(waiting => waiting.Request)
            .Concat(_tracked.Waiting(subject).Where(waiting => waiting.Reason == WaitReason.Messages)
                .Select(waiting => LinkCandidate.Of(waiting.Request)))
            .Where(waiting => waiting.LinkKind is LinkKind.Root && waiting.ConversationId is not null)
            .OrderBy(waiting => waiting.Timestamp).ThenBy(waiting => waiting.RequestId).FirstOrDefault();
        var conversation = subject.Before?.ConversationId is { } own && subject.Before.LinkKind is LinkKind.Root ? own
            : below?.ConversationId ?? LinkKeys.Conversation(trainId, request.RequestId);
        Take(request, conversation, ApiRequest.MainBranch, null, LinkKind.Root);
        request.ParentMessageHash ??= subject.Hashes.ParentMessageHash;
    }

    private static void Take(ApiRequest request, Guid? conversationId, string branchId, Guid? parentId, LinkKind kind)
    {
        request.ConversationId = conversationId;
        request.BranchId = branchId;
        request.ParentRequestId = parentId;
        request.LinkKind = kind;
        request.ClaimsBranch = false;

        // It gets its conversation when the one it hangs on does.
        request.UnlinkedBecause = conversationId is null ? "What it hangs on waits to be linked." : null;
    }

    // Holds the names of a conversation from here on, as who holds the train does anyway, and says whether the one that was found still stands there.
    private async Task<(bool Stands, T Answer)> WithNamesAsync<T>(
        Guid conversationId, LinkCandidate candidate, string sql, NpgsqlParameter[] parameters,
        Func<DbDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
        => await db.ReadAsync(
            $"{(holdsTrain ? LinkStatements.NoLock : LinkStatements.LockNames)};{LinkStatements.FindPlace};{sql}",
            [
                DbCommands.Long("key", LinkKeys.ConversationLock(trainId, conversationId)),
                DbCommands.Uuid("id", candidate.RequestId),
                .. parameters,
            ],
            async (reader, token) =>
            {
                await reader.NextResultAsync(token);

                // One that is tracked and changed stands where the tracker says.
                var stands = !await reader.ReadAsync(token) || _tracked.Request(candidate.RequestId) is not null
                    || (!reader.IsDBNull(0) && reader.GetGuid(0) == conversationId);
                await reader.NextResultAsync(token);
                return (stands, await read(reader, token));
            },
            cancellationToken);

    // Null where the one that was found moved meanwhile.
    private async Task<string?> FreeNameAsync(
        Guid conversationId, LinkCandidate candidate, string name, Guid except, CancellationToken cancellationToken)
    {
        var (stands, number) = await WithNamesAsync(
            conversationId, candidate, LinkStatements.FindFreeName, FreeNameParameters(conversationId, name, except, []),
            ReadNumberAsync, cancellationToken);
        return stands ? BranchNames.Numbered(name, number) : null;
    }

    private async Task<string> FreeNameAsync(
        Guid conversationId, string name, Guid except, IEnumerable<string> given, CancellationToken cancellationToken)
        => BranchNames.Numbered(
            name,
            await db.ReadAsync(
                LinkStatements.FindFreeName, FreeNameParameters(conversationId, name, except, given), ReadNumberAsync,
                cancellationToken));

    private NpgsqlParameter[] FreeNameParameters(
        Guid conversationId, string name, Guid except, IEnumerable<string> given)
        =>
        [
            DbCommands.Uuid("conversation", conversationId),
            DbCommands.Text("name", name),
            DbCommands.Texts("given", [.. _tracked.BranchNames(conversationId, except).Concat(given)]),
        ];

    private static async Task<int> ReadNumberAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt32(0);
    }

    private void AddAnswer(LinkSubject subject)
    {
        var request = subject.Request;
        foreach (var prompt in subject.Answer.PromptedTasks)
        {
            if (_tracked.Prompt(request.RequestId, prompt.Ordinal) is null && !subject.HadAnswer)
            {
                _tracked.Add(Add(new TaskPrompt
                {
                    RequestId = request.RequestId,
                    Ordinal = prompt.Ordinal,
                    TrainId = trainId,
                    Timestamp = request.Timestamp,
                    ToolUseId = prompt.ToolUseId,
                    PromptHash = prompt.PromptHash,
                }));
            }
        }

        if (!subject.HadAnswer)
        {
            foreach (var key in subject.Answer.SummaryKeys)
            {
                _tracked.Add(Add(new SummaryKey
                {
                    RequestId = request.RequestId,
                    Key = key,
                    TrainId = trainId,
                    Timestamp = request.Timestamp,
                }));
            }
        }
    }

    // What would have been a better place, should it come later.
    private void AddWaits(LinkSubject subject)
    {
        var request = subject.Request;
        if (request.LinkKind is LinkKind.Retry)
        {
            return;
        }

        if (subject.Hashes.OpeningTextHash is { } text)
        {
            Wait(LinkKeys.WaitForPrompt(text));
        }

        if (request.LinkKind is LinkKind.Root or LinkKind.Continuation && subject.Hashes.Continuation is { } continuation)
        {
            Wait(LinkKeys.WaitForSummary(continuation.Key));
        }

        var parent = request.LinkDistance is null ? null : subject.Parent;
        var nearer = parent is null ? subject.Hashes.Prefixes : subject.Hashes.Prefixes.Take(parent.Prefix - 1);
        foreach (var prefix in request.LinkDistance == 1 ? [] : nearer)
        {
            Wait(LinkKeys.WaitForMessages(prefix.LinkHash));
        }

        if (parent is not null && !LinkRules.AnswerFollows(subject, parent)
            && subject.Hashes.Prefixes[parent.Prefix - 1] is { NextAnswerHash: { } next } chosen)
        {
            Wait(LinkKeys.WaitForAnswer(LinkRules.Answered(chosen.LinkHash, next)));
        }

        void Wait(byte[] key) => _tracked.Add(Add(new LinkWait
        {
            RequestId = request.RequestId,
            Key = key,
            TrainId = trainId,
            Timestamp = request.Timestamp,
        }));
    }

    // Those that were stored before this request or its answer, and may hang on it: what they had taken is given back, so
    // that the earlier ones choose first.
    private async Task<List<LinkSubject>> LaterAsync(
        LinkSubject subject, FoundLinks found, CancellationToken cancellationToken)
    {
        var ids = found.Waiting.Select(waiting => waiting.Request.RequestId)
            .Concat(found.Again.Where(again => IsAffected(subject, again)).Select(again => again.RequestId))
            .Concat(_tracked.Waiting(subject).Select(waiting => waiting.Request.RequestId))
            .Distinct().ToArray();
        if (ids.Length == 0)
        {
            return [];
        }

        var later = await LoadAsync(ids, cancellationToken);
        foreach (var other in later)
        {
            other.Before = LinkPlace.Of(other.Request);
            _tracked.Add(other.Request);
            await GiveBackAsync(other, cancellationToken);
        }

        return later;
    }

    private async Task LinkAgainAsync(List<LinkSubject> later, CancellationToken cancellationToken)
    {
        foreach (var other in later)
        {
            var found = await _lookup.FindAsync(trainId, [other], _tracked.GivenAway, savepoint: false, cancellationToken);
            await PlaceAsync(other, found![0], cancellationToken);
            await new LinkMoves(db, trainId, _tracked).FollowAsync(
                other.Request, other.Before!,
                (conversation, name, given, token) =>
                    FreeNameAsync(conversation, name, other.Request.RequestId, given, token),
                Change, cancellationToken);
        }
    }

    // The same body again matters where the earlier one, as it is known now, makes a retry of it or no longer does.
    private static bool IsAffected(LinkSubject subject, LinkCandidate again)
        => again.RetryOfRequestId == subject.Request.RequestId
            ? again.ParentRequestId is null && subject.Request.HasAnswer
            : !subject.Request.HasAnswer || LinkRules.HadFailed(subject.Request, again.Timestamp);

    private async Task<List<LinkSubject>> LoadAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        var tracked = db.ChangeTracker.Entries<ApiRequest>().Select(entry => entry.Entity)
            .Where(request => ids.Contains(request.RequestId)).ToList();
        var missing = ids.Except(tracked.Select(request => request.RequestId)).ToArray();
        if (missing.Length > 0)
        {
            tracked.AddRange(await db.Set<ApiRequest>().AsTracking()
                .Where(request => missing.Contains(request.RequestId)).ToListAsync(cancellationToken));
        }

        var subjects = tracked.Where(request => request.UnlinkedBecause is null)
            .Select(request => new LinkSubject(request)).ToList();
        subjects.ForEach(other => Change(other.Request));
        subjects.Sort(LinkSubject.InOrder);
        return subjects;
    }

    private async Task GiveBackAsync(LinkSubject subject, CancellationToken cancellationToken)
    {
        var request = subject.Request;
        foreach (var wait in db.ChangeTracker.Entries<LinkWait>()
                     .Where(entry => entry.Entity.RequestId == request.RequestId && entry.State == EntityState.Added).ToList())
        {
            _tracked.Remove(wait.Entity);
            wait.State = EntityState.Detached;
        }

        await db.Set<LinkWait>().Where(wait => wait.RequestId == request.RequestId).ExecuteDeleteAsync(cancellationToken);
        if (request.LinkKind is LinkKind.Subtask)
        {
            var taken = await db.Set<TaskPrompt>().AsTracking()
                .Where(prompt => prompt.RequestId == request.ParentRequestId && prompt.SubtaskRequestId == request.RequestId)
                .ToListAsync(cancellationToken);
            foreach (var prompt in db.ChangeTracker.Entries<TaskPrompt>().Select(entry => entry.Entity)
                         .Where(prompt => prompt.SubtaskRequestId == request.RequestId).Union(taken))
            {
                Change(prompt);
                prompt.SubtaskRequestId = null;
                _tracked.Add(prompt);
                _givers[prompt.RequestId] = new()
                {
                    RequestId = prompt.RequestId,
                    Timestamp = prompt.Timestamp,
                    ConversationId = request.ConversationId,
                };
            }
        }
    }

    private T Add<T>(T entity)
        where T : class
    {
        db.Add(entity);
        _added.Add(entity);
        return entity;
    }

    private void Change(object entity)
    {
        var entry = db.Entry(entity);
        if (entry.State != EntityState.Added)
        {
            _changed.TryAdd(entity, entry.CurrentValues.Clone());
        }
    }
}
