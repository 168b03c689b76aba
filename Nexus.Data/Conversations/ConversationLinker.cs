using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Conversations;

/// <summary>
/// Works out which conversation a request belongs to: fills in the hashes, the parent, the conversation and the branch of
/// requests that the context tracks.
/// </summary>
/// <remarks>
/// <para>Linking needs an open transaction of isolation READ COMMITTED, which the caller commits after saving: its locks
/// keep others from deciding the same thing at once until then. Nothing is saved here but, where a request that comes late
/// gathers others, their move, which is one statement of the same transaction.</para>
/// <para>A transaction should link in one call; two calls in one transaction may wait for each other across
/// connections.</para>
/// </remarks>
/// <param name="db">The context that tracks the requests: ours, or a host's own with the Nexus model.</param>
/// <param name="options">Which requests take part; null for the defaults.</param>
/// <param name="logger">Where deferred requests are reported; null for nowhere.</param>
public sealed partial class ConversationLinker(
    DbContext db, LinkingOptions? options = null, ILogger<ConversationLinker>? logger = null)
{
    // Of a page of the sweep.
    private const int MostTries = 5;

    private const string TrainIsLocked = "A rebuild or an import holds the train.";

    private readonly LinkingOptions _options = options ?? new();
    private readonly ILogger _logger = logger ?? NullLogger<ConversationLinker>.Instance;

    /// <summary>Whether the transaction holds the lock of each train that it links in, so that no other is needed.</summary>
    internal bool HoldsTrains { get; init; }

    /// <summary>Links one tracked request. Saving is the caller's.</summary>
    /// <param name="request">The request, tracked by the context, with its body and, where there is one, its answer.</param>
    /// <param name="cancellationToken">Stops waiting for a lock or for the look-up.</param>
    /// <exception cref="InvalidOperationException">There is no transaction, one of another isolation, or the request is
    /// not tracked.</exception>
    public async Task<LinkResult> LinkAsync(ApiRequest request, CancellationToken cancellationToken = default)
        => (await LinkAsync([request], cancellationToken))[0];

    /// <summary>Links tracked requests, each in the order of its time, in one look-up for each train. Saving is the
    /// caller's.</summary>
    /// <param name="requests">The requests, tracked by the context. They see each other.</param>
    /// <param name="cancellationToken">Stops waiting for a lock or for the look-up.</param>
    /// <returns>What became of each, in the order given.</returns>
    /// <exception cref="InvalidOperationException">There is no transaction, one of another isolation, or a request is not
    /// tracked.</exception>
    public async Task<IReadOnlyList<LinkResult>> LinkAsync(
        IReadOnlyList<ApiRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var outcomes = await LinkAsync(requests, [], cancellationToken);
        return [.. requests.Select(request => new LinkResult(request, outcomes[request]))];
    }

    /// <summary>Takes note of an answer that a stored request has got since it was linked: sub-tasks, continuations and
    /// next turns that were stored meanwhile are linked again. Saving is the caller's.</summary>
    /// <param name="request">The request, tracked by the context and linked, with its answer set.</param>
    /// <param name="cancellationToken">Stops waiting for a lock or for the look-up.</param>
    /// <exception cref="InvalidOperationException">There is no transaction, one of another isolation, or the request is
    /// not tracked.</exception>
    public Task LinkAnswerAsync(ApiRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return LinkAsync([], [request], cancellationToken);
    }

    /// <summary>Links requests that are new, and takes note of the answers of others that are linked already, in one
    /// look-up for each train.</summary>
    internal async Task<IReadOnlyDictionary<ApiRequest, LinkOutcome>> LinkAsync(
        IReadOnlyList<ApiRequest> requests, IReadOnlyList<ApiRequest> answered, CancellationToken cancellationToken)
    {
        EnsureTransaction();
        using var changes = DetectChangesOnce();
        EnsureTracked(requests);
        EnsureTracked(answered);

        var outcomes = new Dictionary<ApiRequest, LinkOutcome>(ReferenceEqualityComparer.Instance);
        var subjects = new List<LinkSubject>();
        foreach (var request in requests)
        {
            outcomes[request] = LinkOutcome.TakesNoPart;
            if (Subject(request) is { } subject)
            {
                subjects.Add(subject);
            }
            else
            {
                request.UnlinkedBecause = null;
            }
        }

        subjects.AddRange(answered.Select(AnsweredSubject).OfType<LinkSubject>());
        foreach (var train in subjects.GroupBy(subject => subject.Request.TrainId)
                     .OrderBy(train => train.Key, StringComparer.Ordinal))
        {
            List<LinkSubject> inOrder = [.. train];
            inOrder.Sort(LinkSubject.InOrder);
            await LinkTrainAsync(train.Key, inOrder, cancellationToken);
        }

        foreach (var subject in subjects)
        {
            outcomes[subject.Request] =
                subject.Request.UnlinkedBecause is null ? LinkOutcome.Linked : LinkOutcome.Deferred;
        }

        return outcomes;
    }

    /// <summary>Links what was deferred, oldest first, in a transaction of its own, and saves it.</summary>
    /// <param name="trainId">The train; null for all.</param>
    /// <param name="limit">The most requests to take in one transaction, at least 1.</param>
    /// <param name="cancellationToken">Stops between transactions.</param>
    /// <returns>How many were linked. Fewer than were marked where a rebuild still holds a train.</returns>
    /// <exception cref="InvalidOperationException">There is a transaction already, or the context tracks unsaved
    /// changes.</exception>
    public async Task<int> LinkDeferredAsync(
        string? trainId = null, int limit = 500, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (db.Database.CurrentTransaction is not null || db.ChangeTracker.HasChanges())
        {
            throw new InvalidOperationException("The sweep needs a context without a transaction and without changes.");
        }

        var deferred = db.Set<ApiRequest>().Where(request => request.UnlinkedBecause != null);
        var trains = trainId is not null
            ? [trainId]
            : await deferred.Select(request => request.TrainId).Distinct().OrderBy(train => train).ToListAsync(cancellationToken);
        var linked = 0;
        foreach (var train in trains)
        {
            // Page by page, so that those that stay deferred do not stand in the way of the later ones.
            var after = (Timestamp: DateTimeOffset.MinValue, RequestId: Guid.Empty);
            while (await LinkDeferredAgainAsync(train, after, limit, cancellationToken) is { } page)
            {
                linked += page.Linked;
                after = page.Last;
            }
        }

        return linked;
    }

    // What the requests of a page would hang on may be removed between being found and being written to. Next time it is not found.
    private async Task<(int Linked, (DateTimeOffset Timestamp, Guid RequestId) Last)?> LinkDeferredAgainAsync(
        string trainId, (DateTimeOffset Timestamp, Guid RequestId) after, int limit, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await db.Database.CreateExecutionStrategy().ExecuteAsync(
                    token => LinkDeferredAfterAsync(trainId, after, limit, token), cancellationToken);
            }
            catch (DbUpdateConcurrencyException) when (tries < MostTries)
            {
            }
        }
    }

    // Null where there was nothing left to link.
    private async Task<(int Linked, (DateTimeOffset Timestamp, Guid RequestId) Last)?> LinkDeferredAfterAsync(
        string trainId, (DateTimeOffset Timestamp, Guid RequestId) after, int limit, CancellationToken cancellationToken)
    {
        db.ChangeTracker.Clear();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var requests = await db.Set<ApiRequest>()
            .FromSql($"""
                SELECT * FROM api_requests WHERE train_id = {trainId} AND unlinked_because IS NOT NULL
                  AND ("timestamp", request_id) > ({after.Timestamp}, {after.RequestId})
                ORDER BY "timestamp", request_id LIMIT {limit} FOR UPDATE SKIP LOCKED
                """)
            .AsTracking().ToListAsync(cancellationToken);
        if (requests.Count == 0)
        {
            return null;
        }

        var results = await LinkAsync(requests, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        db.ChangeTracker.Clear();
        return (
            results.Count(result => result.Outcome != LinkOutcome.Deferred),
            (requests[^1].Timestamp, requests[^1].RequestId));
    }

    // Null for what takes no part. What its body tells is written down all the same.
    private LinkSubject? Subject(ApiRequest request)
    {
        if (!_options.TakesPart(request))
        {
            return null;
        }

        var subject = new LinkSubject(request);
        subject.FillInHashes();
        return subject.Hashes.HasMessages ? subject : null;
    }

    // Null where the answer changes nothing: the request takes no part, or waits to be linked with it.
    private LinkSubject? AnsweredSubject(ApiRequest request)
    {
        if (!_options.TakesPart(request))
        {
            return null;
        }

        var subject = new LinkSubject(request);
        if (!subject.IsPlaced && request.UnlinkedBecause is not null)
        {
            // The sweep may be linking it without this answer at this moment: it is to come by once more.
            db.Entry(request).Property(row => row.UnlinkedBecause).IsModified = true;
        }

        if (!subject.Hashes.HasMessages || !subject.IsPlaced)
        {
            return null;
        }

        subject.FillInHashes();
        return subject;
    }

    private async Task LinkTrainAsync(string trainId, List<LinkSubject> subjects, CancellationToken cancellationToken)
    {
        var session = new LinkSession(db, trainId, HoldsTrains);
        try
        {
            if (!await session.LinkAsync(subjects, cancellationToken))
            {
                subjects.ForEach(subject => Defer(subject, TrainIsLocked));
            }
        }
        catch (Exception exception) when (MayBeDeferred(exception) && IsConnected)
        {
            await UndoAsync(session, cancellationToken);
            if (subjects.Count == 1)
            {
                Defer(subjects[0], exception.GetBaseException());
                return;
            }

            // One of them may be at fault: the others shall not wait for it.
            foreach (var subject in subjects)
            {
                await LinkTrainAsync(trainId, [subject], cancellationToken);
            }
        }
    }

    // Where the connection broke there is nothing to go on with, and the caller is to see that error and no later one.
    private bool IsConnected => db.Database.GetDbConnection().State == ConnectionState.Open;

    private static bool MayBeDeferred(Exception exception)
        => exception is DbException or DbUpdateException or NexusDataException { Kind: NexusDataErrorKind.Unavailable }
           && exception.GetBaseException() is not OperationCanceledException;

    private async Task UndoAsync(LinkSession session, CancellationToken cancellationToken)
    {
        session.Forget();
        await db.ExecuteAsync(LinkStatements.Undo, [], cancellationToken);
    }

    private void Defer(LinkSubject subject, Exception exception)
    {
        LogDeferred(exception, subject.Request.RequestId);

        // A state and no text of the server's, which may hold values of rows.
        Defer(subject, exception is DbException { SqlState: { } state } ? $"Linking failed with {state}." : "Linking failed.");
    }

    private static void Defer(LinkSubject subject, string because)
    {
        // One that has its place already keeps it: its answer is what waits. One that hangs on a request without a place stays
        // there as well, with what it took and waits for, which is given back when it is linked.
        if (!subject.IsFiled)
        {
            subject.Request.Unlink();
        }
        else if (!subject.HadAnswer)
        {
            subject.Request.AnswerHash = null;
        }

        subject.Request.UnlinkedBecause = because;
    }

    private void EnsureTransaction()
    {
        var transaction = db.Database.CurrentTransaction?.GetDbTransaction()
            ?? throw new InvalidOperationException(
                "Linking needs an open transaction: begin one, link, save, commit. Its locks keep others from deciding the "
                + "same thing at once.");
        if (transaction.IsolationLevel is not IsolationLevel.ReadCommitted)
        {
            throw new InvalidOperationException(
                $"Linking needs isolation READ COMMITTED, so that it sees what was committed while it waited for a lock; "
                + $"this transaction has {transaction.IsolationLevel}.");
        }
    }

    // Linking looks at the tracker again and again, and knows what it changes itself.
    private DetectChangesPause DetectChangesOnce()
    {
        if (db.ChangeTracker.AutoDetectChangesEnabled)
        {
            db.ChangeTracker.DetectChanges();
        }

        return new(db.ChangeTracker);
    }

    private void EnsureTracked(IReadOnlyList<ApiRequest> requests)
    {
        foreach (var request in requests)
        {
            ArgumentNullException.ThrowIfNull(request, nameof(requests));
            if (db.Entry(request).State is EntityState.Detached or EntityState.Deleted)
            {
                throw new InvalidOperationException(
                    $"Request {request.RequestId} is not tracked by this context: add or load it first.");
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Request {RequestId} is stored unlinked; the sweep will link it.")]
    private partial void LogDeferred(Exception exception, Guid requestId);

    private readonly struct DetectChangesPause : IDisposable
    {
        private readonly ChangeTracker _tracker;
        private readonly bool _wasEnabled;

        public DetectChangesPause(ChangeTracker tracker)
        {
            _tracker = tracker;
            _wasEnabled = tracker.AutoDetectChangesEnabled;
            tracker.AutoDetectChangesEnabled = false;
        }

        public void Dispose() => _tracker.AutoDetectChangesEnabled = _wasEnabled;
    }
}
