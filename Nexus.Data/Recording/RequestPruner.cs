using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Recording;

/// <summary>Takes old requests away, in whole conversations, or their bodies alone.</summary>
/// <remarks>
/// <para>Each batch is one transaction, which holds its trains as an import does: a request that is stored in that moment waits
/// to be linked, and is linked soon after. So nobody goes on from a request that is going, and a conversation that got a
/// request meanwhile stays whole.</para>
/// <para>A run that was stopped loses nothing of what it did; the next one goes on.</para>
/// </remarks>
/// <param name="contexts">Makes the context that is worked with.</param>
/// <param name="options">Which requests take part in conversations; null for the defaults.</param>
/// <param name="time">Measures how long it takes; null for the system's.</param>
public sealed class RequestPruner(
    IDbContextFactory<NexusDbContext> contexts, LinkingOptions? options = null, TimeProvider? time = null)
{
    /// <summary>Prunes, or counts what would go.</summary>
    /// <param name="prune">What, and how.</param>
    /// <param name="cancellationToken">Stops between transactions; what was committed stays so.</param>
    /// <exception cref="NexusDataException">Tables of another program refer to ours by foreign keys, and it is no dry
    /// run.</exception>
    public async Task<PruneReport> PruneAsync(PruneOptions prune, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prune);
        ArgumentOutOfRangeException.ThrowIfLessThan(prune.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prune.BatchSize, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(prune.Pause, TimeSpan.Zero);

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);

        // A batch waits for an import or a rebuild as long as that takes.
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        var run = new Run(db, options ?? new(), prune, time ?? TimeProvider.System);
        return await run.RunAsync(cancellationToken);
    }

    private sealed class Run(NexusDbContext db, LinkingOptions linking, PruneOptions prune, TimeProvider time)
    {
        private const int PageSize = 1_000;
        private const int MaxTries = 5;
        private const int BatchesBetweenSweeps = 20;

        private static readonly string[] _tables =
            ["api_requests", "streaming_chunks", "task_prompts", "summary_keys", "link_waits", "conversation_analyses"];

        private readonly long _start = time.GetTimestamp();
        private readonly List<PrunedTrain> _trains = [];
        private readonly string[]? _trainIds = prune.TrainIds?.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();

        // Conversations that were looked at already, for their requests come by again.
        private readonly HashSet<Guid> _seen = [];
        private string _findGoing = PruneStatements.FindGoing;
        private PrunedTrain _train = new("", 0, 0, 0, 0);
        private int _batches;

        public async Task<PruneReport> RunAsync(CancellationToken cancellationToken)
        {
            var references = await db.ReadAllAsync(
                PruneStatements.FindReferences,
                [DbCommands.Texts("tables", prune.PayloadOnly ? ["streaming_chunks"] : _tables)],
                row => row.GetString(0), cancellationToken);
            if (prune.Execute && references.Count > 0)
            {
                throw new NexusDataException(
                    NexusDataErrorKind.Conflict,
                    "Nothing was pruned, for tables of another program refer to requests by foreign keys: "
                    + $"{string.Join(", ", references)}. Drop these first, or have that program let its rows go.");
            }

            if (prune.PayloadOnly)
            {
                _findGoing = PruneStatements.FindPayload(await ReadsBodyAsync(cancellationToken));
            }

            var isComplete = true;
            foreach (var train in _trainIds
                ?? [.. await db.ReadAllAsync(PruneStatements.FindTrains, [], row => row.GetString(0), cancellationToken)])
            {
                _train = new(train, 0, 0, 0, 0);
                isComplete = await PruneTrainAsync(train, cancellationToken);
                if (_train is not { Requests: 0, Kept: 0 })
                {
                    _trains.Add(_train);
                }

                if (!isComplete)
                {
                    break;
                }
            }

            return new(prune.Execute, isComplete, _trains, references);
        }

        // Literals, for the same text serves a COPY elsewhere, which takes no parameters.
        private async Task<string> ReadsBodyAsync(CancellationToken cancellationToken)
        {
            var types = await db.ReadAllAsync(
                RebuildStatements.Quote, [DbCommands.Texts("texts", [.. linking.ExcludedRequestTypes, ""])],
                row => row.GetFieldValue<string[]>(0), cancellationToken);
            return RebuildStatements.ReadsBody(types[0], []);
        }

        private async Task<bool> PruneTrainAsync(string train, CancellationToken cancellationToken)
        {
            var after = (Time: DateTimeOffset.MinValue, Id: Guid.Empty);
            while (true)
            {
                var page = await db.ReadAllAsync(
                    PruneStatements.FindOld,
                    [
                        DbCommands.Text("train", train), DbCommands.Time("before", prune.Before),
                        DbCommands.Time("time", after.Time), DbCommands.Uuid("id", after.Id),
                        DbCommands.Number("limit", PageSize),
                    ],
                    row => (Time: row.GetFieldValue<DateTimeOffset>(0), Id: row.GetGuid(1),
                        Conversation: row.ValueOrNull<Guid>(2)),
                    cancellationToken);
                if (page.Count == 0)
                {
                    await SweepAsync(train, cancellationToken);
                    return true;
                }

                after = (page[^1].Time, page[^1].Id);
                var singles = page.Where(row => row.Conversation is null).Select(row => row.Id).ToList();
                Guid[] conversations = [.. page.Select(row => row.Conversation).OfType<Guid>().Where(_seen.Add)];
                foreach (var batch in Batches(train, singles, await OldAsync(conversations, cancellationToken)))
                {
                    if (prune.MaxDuration is { } most && time.GetElapsedTime(_start) >= most)
                    {
                        await SweepAsync(train, cancellationToken);
                        return false;
                    }

                    await PruneAsync(train, batch, cancellationToken);
                }
            }
        }

        private async Task<List<OldConversation>> OldAsync(Guid[] conversations, CancellationToken cancellationToken)
            => conversations.Length == 0
                ? []
                : await db.ReadAllAsync(
                    PruneStatements.FindOldConversations,
                    [DbCommands.Uuids("conversations", conversations), .. Limits()],
                    row => new OldConversation(row.GetGuid(0), row.GetInt32(1), row.GetFieldValue<string[]>(2)),
                    cancellationToken);

        private NpgsqlParameter[] Limits() =>
        [
            DbCommands.Time("before", prune.Before),
            DbCommands.Parameter("trains", NpgsqlDbType.Array | NpgsqlDbType.Text, _trainIds),
        ];

        private IEnumerable<Batch> Batches(string train, List<Guid> singles, List<OldConversation> conversations)
        {
            var batch = new Batch(train);
            foreach (var chunk in singles.Chunk(prune.BatchSize))
            {
                yield return new Batch(train) { Singles = [.. chunk] };
            }

            foreach (var conversation in conversations)
            {
                if (batch.Requests > 0 && batch.Requests + conversation.Requests > prune.BatchSize)
                {
                    yield return batch;
                    batch = new(train);
                }

                batch.Add(conversation);
            }

            if (batch.Requests > 0)
            {
                yield return batch;
            }
        }

        private async Task PruneAsync(string train, Batch batch, CancellationToken cancellationToken)
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    var gone = await db.Database.CreateExecutionStrategy().ExecuteAsync(
                        token => prune.Execute ? DeleteAsync(batch, token) : FindAsync(batch, token), cancellationToken);
                    Count(gone);
                    break;
                }
                catch (Exception exception) when (tries < MaxTries
                    && exception.GetBaseException() is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected })
                {
                    // Somebody else writes these rows in another order.
                }
            }

            if (prune.Execute)
            {
                if (++_batches % BatchesBetweenSweeps == 0)
                {
                    await SweepAsync(train, cancellationToken);
                }

                await Task.Delay(prune.Pause, time, cancellationToken);
            }
        }

        // What came while the train was held.
        private async Task SweepAsync(string train, CancellationToken cancellationToken)
        {
            if (prune.Execute && _batches > 0)
            {
                await new ConversationLinker(db, linking).LinkDeferredAsync(train, cancellationToken: cancellationToken);
            }
        }

        private async Task<List<Going>> DeleteAsync(Batch batch, CancellationToken cancellationToken)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.ReadAsync(
                LinkStatements.LockAll,
                [DbCommands.Longs("keys", [.. batch.Slugs.Select(LinkKeys.TrainLock).Order()])],
                (_, _) => Task.FromResult(0), cancellationToken);
            var found = await FindAsync(batch, cancellationToken);
            var going = found.Where(request => !request.IsKept).ToList();
            var parameters = new List<NpgsqlParameter>
            {
                DbCommands.Uuids("ids", [.. going.Select(request => request.RequestId)]),
            };
            if (!prune.PayloadOnly)
            {
                parameters.Add(DbCommands.Uuids("conversations", [.. Conversations(going)]));
            }

            if (going.Count > 0)
            {
                await db.ExecuteAsync(
                    prune.PayloadOnly ? PruneStatements.DeletePayload : PruneStatements.Delete, parameters, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return found;
        }

        private async Task<List<Going>> FindAsync(Batch batch, CancellationToken cancellationToken)
        {
            var (conversations, singles) = (batch.Conversations.ToHashSet(), batch.Singles.ToHashSet());
            var kept = new List<Going>();
            while (true)
            {
                var found = await db.ReadAllAsync(
                    _findGoing,
                    [DbCommands.Uuids("conversations", [.. conversations]), DbCommands.Uuids("singles", [.. singles]), .. Limits()],
                    Read, cancellationToken);
                if (prune.PayloadOnly || !found.Exists(request => request.IsKept))
                {
                    return [.. found, .. kept];
                }

                // What is referred to stays with its whole conversation, and so does what that refers to.
                var held = Conversations(found.Where(request => request.IsKept)).ToHashSet();
                var stays = found.Where(request => request.IsKept
                    || (request.ConversationId is { } id && held.Contains(id))).ToList();
                kept.AddRange(stays.Select(request => request with { IsKept = true }));
                conversations.ExceptWith(held);
                singles.ExceptWith(stays.Select(request => request.RequestId));
            }
        }

        private static Going Read(DbDataReader row)
            => new(row.GetGuid(0), row.ValueOrNull<Guid>(1), row.GetInt64(2), row.GetBoolean(3));

        private static IEnumerable<Guid> Conversations(IEnumerable<Going> requests)
            => requests.Select(request => request.ConversationId).OfType<Guid>().Distinct();

        private void Count(List<Going> found)
        {
            var going = found.Where(request => !request.IsKept).ToList();
            _train = _train with
            {
                Conversations = _train.Conversations + Conversations(going).Count(),
                Requests = _train.Requests + going.Count,
                Bytes = _train.Bytes + going.Sum(request => request.Bytes),
                Kept = _train.Kept + found.Count - going.Count,
            };
            prune.Progress?.Report(new(
                _train.TrainId, _trains.Sum(train => train.Conversations) + _train.Conversations,
                _trains.Sum(train => train.Requests) + _train.Requests));
        }
    }

    private sealed record OldConversation(Guid Id, int Requests, string[] Slugs);

    private sealed record Going(Guid RequestId, Guid? ConversationId, long Bytes, bool IsKept);

    private sealed class Batch(string train)
    {
        public HashSet<string> Slugs { get; } = [train];

        public List<Guid> Conversations { get; } = [];

        public List<Guid> Singles { get; init; } = [];

        public int Requests { get; private set; }

        public void Add(OldConversation conversation)
        {
            Slugs.UnionWith(conversation.Slugs);
            Conversations.Add(conversation.Id);
            Requests += conversation.Requests;
        }
    }
}
