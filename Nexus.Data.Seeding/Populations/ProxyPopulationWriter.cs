using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Nexus.Data.Analyses;
using Nexus.Data.Conversations;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;
using Nexus.Data.Recording;
using Nexus.Data.Requests;
using Nexus.Data.Seeding.Traffic;
using Nexus.Data.Totals;
using Npgsql;

namespace Nexus.Data.Seeding.Populations;

/// <summary>Stores a proxy's rows in the transaction of its context: requests are recorded and linked as those of a live proxy are, with
/// the totals of each batch. For one use; the context forgets what it tracks.</summary>
/// <param name="db">The context.</param>
/// <param name="population">What is stored.</param>
/// <param name="isNew">Whether rows that are there already are a conflict; otherwise they stay, and what is missing is added.</param>
/// <param name="cancellationToken">Stops the work; the transaction is to be rolled back then.</param>
internal sealed class ProxyPopulationWriter(
    NexusDbContext db, ProxyPopulation population, bool isNew, CancellationToken cancellationToken)
{
    private const int BatchSize = 500;
    private const int MostAnalyses = 12;

    private readonly RequestIntake _intake = new(new SecretMasker(new()), Options.Create(new RecordingOptions()), TimeProvider.System);
    private readonly Dictionary<Guid, string> _conversations = [];
    private readonly AnalysisPace _pace = new();

    public async Task<IReadOnlyList<PopulatedTable>> WriteAsync(IProgress<PopulationProgress>? progress)
    {
        try
        {
            return
            [
                await AddMissingAsync("anthropic_credentials", population.Credentials, row => row.Id),
                await AddMissingAsync("trains", population.Trains, row => row.Id),
                await AddMissingAsync("train_accounts", population.TrainAccounts, row => row.Id),
                await AddMissingAsync("train_members", population.TrainMembers, row => row.Id),
                await AddMissingAsync("train_api_keys", population.TrainApiKeys, row => row.Id),
                await RecordAsync(progress),
                .. await AnalyzeAsync(),
            ];
        }
        catch (Exception exception) when ((exception as PostgresException ?? exception.InnerException as PostgresException) is
        {
            SqlState: PostgresErrorCodes.UniqueViolation,
        } refused)
        {
            // Requests are written by COPY, which no DbUpdateException tells of.
            throw new NexusDataException(
                NexusDataErrorKind.Conflict,
                $"A row of somebody else stands in the way ({refused.TableName}, {refused.ConstraintName}): remove it, or take another seed.",
                exception);
        }
        finally
        {
            db.ChangeTracker.Clear();
        }
    }

    private async Task<PopulatedTable> AddMissingAsync<T>(string table, IReadOnlyList<T> rows, Func<T, Guid> id)
        where T : class
    {
        const string key = "Id";
        Guid[] ids = [.. rows.Select(id)];
        var there = await db.Set<T>().Where(row => ids.Contains(EF.Property<Guid>(row, key)))
            .Select(row => EF.Property<Guid>(row, key)).ToListAsync(cancellationToken);
        if (isNew && there.Count > 0)
        {
            throw Conflict($"Rows of this seed are in {table} already: take another seed, or remove them first.");
        }

        var missing = rows.ExceptBy(there, id).ToList();
        db.AddRange(missing);
        await db.SaveChangesAsync(cancellationToken);
        return new(table, rows.Count, missing.Count, 0);
    }

    private async Task<PopulatedTable> RecordAsync(IProgress<PopulationProgress>? progress)
    {
        // Whoever holds its trains needs no other lock to link, and may do so in batches.
        await db.ReadAsync(
            LinkStatements.LockAll,
            [DbCommands.Longs("keys", [.. population.Trains.Select(train => LinkKeys.TrainLock(train.TrainId)).Order()])],
            (_, _) => Task.FromResult(0), cancellationToken);
        var (recorded, added) = (0L, 0L);
        using var batches = population.StoppableRequests(cancellationToken).Chunk(BatchSize).GetEnumerator();

        // The next batch is made up while this one is stored.
        var next = Task.Run(() => Next(batches), cancellationToken);
        try
        {
            while (await next is { } batch)
            {
                next = Task.Run(() => Next(batches), cancellationToken);
                added += await RecordAsync(batch);
                recorded += batch.Count(write => write is RequestWrite);
                progress?.Report(new("api_requests", recorded, population.Count));
                await _pace.AnalyzeAsync(db, added, cancellationToken);
            }
        }
        finally
        {
            // The enumerator is not to be disposed under whoever is at it.
            await next.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        return new("api_requests", recorded, added, 0);
    }

    // Null at the end.
    private CallWrite[]? Next(IEnumerator<TrafficRequest[]> batches)
        => batches.MoveNext()
            ? [.. batches.Current.SelectMany(request => Writes(request))]
            : null;

    private IEnumerable<CallWrite> Writes(TrafficRequest request)
    {
        yield return _intake.Take(request.ToRecordedRequest());
        if (request.ToRecordedResponse() is { } response)
        {
            yield return _intake.Take(request.TrainId, request.RequestId, response);
        }
    }

    private async Task<long> RecordAsync(CallWrite[] writes)
    {
        cancellationToken.ThrowIfCancellationRequested();
        db.ChangeTracker.Clear();
        if (!isNew)
        {
            writes = await MissingAsync(writes);
        }

        if (writes.Length == 0)
        {
            return 0;
        }

        await db.ExecuteAsync("SAVEPOINT nexus_populate", [], cancellationToken);
        var linker = new ConversationLinker(db) { HoldsTrains = true };
        var results = await new CallWriter(db, linker, _intake) { AreOurs = true }.WriteAsync(writes, assumesNew: isNew, cancellationToken);

        // Linking leaves savepoints behind, one in the other, and the server a lock for each.
        await db.ExecuteAsync("RELEASE SAVEPOINT nexus_populate", [], cancellationToken);

        // The context may be the caller's, whose requests others answer meanwhile.
        TotalsChanges.Of(db).HoldsRequests = false;
        foreach (var (write, result) in writes.Zip(results))
        {
            var row = result.Row!;
            if (result.Outcome != RecordOutcome.Stored)
            {
                throw Conflict($"Request {row.RequestId} of the population is there already: remove it, or take another seed.");
            }

            if (row.UnlinkedBecause is { } because)
            {
                throw new NexusDataException(NexusDataErrorKind.Unavailable, $"Request {row.RequestId} cannot be linked. {because}");
            }

            Note(row.TrainId, row.ConversationId, row.LinkKind);
        }

        return writes.Zip(results).Count(pair => pair is { First: RequestWrite, Second.Outcome: RecordOutcome.Stored });
    }

    // What is there stays as it is, whatever has become of it: its body may have been pruned.
    private async Task<CallWrite[]> MissingAsync(CallWrite[] writes)
    {
        Guid[] ids = [.. writes.OfType<RequestWrite>().Select(write => write.RequestId)];
        var there = await db.Requests.Where(row => ids.Contains(row.RequestId))
            .Select(row => new { row.RequestId, row.TrainId, row.ConversationId, row.LinkKind })
            .ToDictionaryAsync(row => row.RequestId, cancellationToken);
        foreach (var write in writes.OfType<RequestWrite>())
        {
            if (!there.TryGetValue(write.RequestId, out var row))
            {
                continue;
            }

            if (row.TrainId != write.TrainId)
            {
                throw Conflict($"Request {row.RequestId} of the population is stored in another train, {row.TrainId}: remove it, or take another seed.");
            }

            Note(row.TrainId, row.ConversationId, row.LinkKind);
        }

        return there.Count == 0 ? writes : [.. writes.Where(write => !there.ContainsKey(write.RequestId))];
    }

    // The first conversations that go on are analysed.
    private void Note(string trainId, Guid? conversationId, LinkKind? kind)
    {
        if (_conversations.Count < MostAnalyses && conversationId is { } conversation && kind is not LinkKind.Root)
        {
            _conversations.TryAdd(conversation, trainId);
        }
    }

    private async Task<PopulatedTable[]> AnalyzeAsync()
    {
        db.ChangeTracker.Clear();
        Guid[] ids = [.. _conversations.Keys];
        var there = await db.Analyses.Where(row => ids.Contains(row.ConversationId) && row.BranchId == ApiRequest.MainBranch)
            .Select(row => row.ConversationId).ToListAsync(cancellationToken);
        var entries = 0;
        foreach (var (conversation, train) in _conversations.Where(pair => !there.Contains(pair.Key)))
        {
            var (analysis, audit) = population.Analyze(train, conversation);
            db.Add(analysis);
            db.AddRange(audit);
            entries += audit.Count;
        }

        var added = db.ChangeTracker.Entries<ConversationAnalysis>().Count();
        await db.SaveChangesAsync(cancellationToken);
        return [new("conversation_analyses", ids.Length, added, 0), new("analysis_audit_log", entries, entries, 0)];
    }

    private static NexusDataException Conflict(string message) => new(NexusDataErrorKind.Conflict, message);
}
