using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Persistence;
using Nexus.Data.Recording.Answers;
using Nexus.Data.Requests;
using Nexus.Data.Totals;

namespace Nexus.Data.Recording;

/// <summary>What became of a write, and where the request stands.</summary>
internal readonly record struct WriteResult(RecordOutcome Outcome, ApiRequest? Row);

/// <summary>
/// Writes a batch into the caller's transaction: requests, pieces and answers in the order in which they came, each
/// request linked, each answer's consequences drawn. What is written already changes nothing.
/// </summary>
/// <param name="db">A context that tracks nothing.</param>
/// <param name="linker">Links by the same context.</param>
/// <param name="intake">Rebuilds and masks answers that came in pieces.</param>
internal sealed class CallWriter(NexusDbContext db, ConversationLinker linker, RequestIntake intake)
{
    private static readonly Func<NexusDbContext, Guid[], IAsyncEnumerable<ApiRequest>> _find = EF.CompileAsyncQuery(
        (NexusDbContext db, Guid[] ids) => db.Requests.AsTracking().Where(row => ids.Contains(row.RequestId)));

    private static readonly Func<NexusDbContext, Guid[], IAsyncEnumerable<StreamingChunk>> _findChunks = EF.CompileAsyncQuery(
        (NexusDbContext db, Guid[] ids) => db.StreamingChunks.AsNoTracking().Where(chunk => ids.Contains(chunk.RequestId)));

    private readonly Dictionary<Guid, ApiRequest> _rows = [];
    private readonly HashSet<Guid> _fresh = [];
    private readonly List<ApiRequest> _answered = [];
    private readonly Dictionary<Guid, AnswerWrite> _answers = [];
    private readonly Dictionary<Guid, SortedDictionary<int, StreamEvent>> _chunks = [];
    private readonly Dictionary<Guid, Dictionary<int, StreamEvent>> _storedChunks = [];
    private readonly Dictionary<CallWrite, StoredContent> _stored = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether nobody else tells of these calls. A lock for each would be too many for a transaction of many batches.</summary>
    public bool AreOurs { get; init; }

    /// <summary>Writes and saves.</summary>
    /// <param name="writes">What is to be written.</param>
    /// <param name="assumesNew">Whether requests are taken to be new without asking: the index tells, by an error.</param>
    /// <param name="cancellationToken">Stops it; the transaction is to be rolled back then.</param>
    /// <returns>What became of each, in the order given.</returns>
    public async Task<IReadOnlyList<WriteResult>> WriteAsync(
        IReadOnlyList<CallWrite> writes, bool assumesNew, CancellationToken cancellationToken)
    {
        await LoadAsync(writes, assumesNew, cancellationToken);
        var results = new List<WriteResult>(writes.Count);
        foreach (var write in writes)
        {
            results.Add(new(
                write switch
                {
                    RequestWrite request => Add(request),
                    ChunksWrite chunks => Add(chunks),
                    AnswerWrite answer => Add(answer),
                    _ => throw new ArgumentException($"What is a {write.GetType().Name}?", nameof(writes)),
                },
                _rows.GetValueOrDefault(write.RequestId)));
        }

        var fresh = _rows.Values.Where(row => _fresh.Contains(row.RequestId)).ToList();
        await linker.LinkAsync(fresh, _answered, cancellationToken);
        fresh.ForEach(row => row.FillInWhatBodyTells());

        db.ChangeTracker.DetectChanges();
        var totals = TotalsChanges.Of(db);
        totals.HoldsRequests = true;
        totals.Add(fresh);
        await db.InsertAddedAsync<ApiRequest>(cancellationToken);
        await db.InsertAddedAsync<LinkWait>(cancellationToken);
        await db.InsertAddedAsync<SummaryKey>(cancellationToken);
        await db.InsertAddedAsync<TaskPrompt>(cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await WriteChunksAsync(cancellationToken);
        return results;
    }

    private async Task LoadAsync(IReadOnlyList<CallWrite> writes, bool assumesNew, CancellationToken cancellationToken)
    {
        var later = writes.Where(write => write is not RequestWrite).Select(write => write.RequestId).Distinct().ToArray();
        if (later.Length > 0 && !AreOurs)
        {
            // What is told of one call is told in turn; and the snapshot of the next statement is younger than the lock.
            await db.ReadAsync(
                LinkStatements.LockAll,
                [DbCommands.Longs("keys", [.. later.Select(LinkKeys.RequestLock).Order()])],
                (_, _) => Task.FromResult(0), cancellationToken);
        }

        var ids = assumesNew ? later : [.. writes.Select(write => write.RequestId).Distinct()];
        if (ids.Length == 0)
        {
            return;
        }

        await foreach (var row in _find(db, ids).WithCancellation(cancellationToken))
        {
            _rows[row.RequestId] = row;
        }

        if (_rows.Count > 0)
        {
            await LoadChunksAsync(writes, cancellationToken);
            await CompareAsync(writes, cancellationToken);
        }
    }

    // An answer is looked at together with all pieces, and so are pieces that come after it.
    private async Task LoadChunksAsync(IReadOnlyList<CallWrite> writes, CancellationToken cancellationToken)
    {
        var ids = writes
            .Where(write => _rows.TryGetValue(write.RequestId, out var row)
                && (write is AnswerWrite || (write is ChunksWrite && row.HasAnswer)))
            .Select(write => write.RequestId).Distinct().ToArray();
        if (ids.Length == 0)
        {
            return;
        }

        await foreach (var chunk in _findChunks(db, ids).WithCancellation(cancellationToken))
        {
            var piece = new StreamEvent(chunk.ChunkIndex, chunk.Timestamp, Encoding.UTF8.GetBytes(chunk.Data));
            Chunks(chunk.RequestId)[chunk.ChunkIndex] = piece;
            if (!_storedChunks.TryGetValue(chunk.RequestId, out var stored))
            {
                _storedChunks[chunk.RequestId] = stored = [];
            }

            stored[chunk.ChunkIndex] = piece;
        }
    }

    // What comes again is compared by the server, which alone knows when two JSON texts are one value.
    private async Task CompareAsync(IReadOnlyList<CallWrite> writes, CancellationToken cancellationToken)
    {
        var again = new List<CallWrite>();
        var given = new List<ApiRequest>();
        foreach (var write in writes)
        {
            if (!_rows.TryGetValue(write.RequestId, out var row))
            {
                continue;
            }

            if (write is RequestWrite request)
            {
                again.Add(write);
                given.Add(request.Row);
            }
            else if (write is AnswerWrite answer && row.HasAnswer)
            {
                var copy = row.Copy();
                Whole(answer, row).ApplyTo(copy);
                again.Add(write);
                given.Add(copy);
            }
        }

        foreach (var (place, content) in await StoredContent.CompareAsync(db, given, cancellationToken))
        {
            _stored[again[place]] = content;
        }
    }

    private RecordOutcome Add(RequestWrite write)
    {
        if (_rows.TryGetValue(write.RequestId, out var row))
        {
            var isSame = _stored.TryGetValue(write, out var stored)
                ? stored.IsSameCall && (stored.IsSameTime || !write.IsTimeGiven)
                : row.TrainId == write.TrainId && (row.Timestamp == write.Row.Timestamp || !write.IsTimeGiven)
                  && Bytes(row.GetBody()).SequenceEqual(Bytes(write.Row.GetBody()));
            return isSame ? RecordOutcome.Known : RecordOutcome.Conflict;
        }

        row = write.Row.Copy();
        db.Add(row);
        _rows.Add(write.RequestId, row);
        _fresh.Add(write.RequestId);
        return RecordOutcome.Stored;
    }

    private RecordOutcome Add(ChunksWrite write)
    {
        if (!Has(write, out _))
        {
            return RecordOutcome.NotFound;
        }

        var chunks = Chunks(write.RequestId);
        foreach (var piece in write.Events)
        {
            chunks.TryAdd(piece.Index, piece);
        }

        return RecordOutcome.Stored;
    }

    private RecordOutcome Add(AnswerWrite write)
    {
        if (!Has(write, out var row))
        {
            return RecordOutcome.NotFound;
        }

        if (_stored.TryGetValue(write, out var stored))
        {
            return stored.IsSameAnswer ? RecordOutcome.Known : RecordOutcome.Conflict;
        }

        var whole = Whole(write, row);
        if (_answers.TryGetValue(write.RequestId, out var first))
        {
            var isSame = first.Status == whole.Status && first.Error == whole.Error
                && Bytes(first.Answer?.Json).SequenceEqual(Bytes(whole.Answer?.Json));
            return isSame ? RecordOutcome.Known : RecordOutcome.Conflict;
        }

        whole.ApplyTo(row);
        _answers.Add(write.RequestId, whole);
        if (!_fresh.Contains(write.RequestId))
        {
            _answered.Add(row);
        }

        return RecordOutcome.Stored;
    }

    // With what its pieces tell.
    private AnswerWrite Whole(AnswerWrite write, ApiRequest row)
        => write.IsInPieces && _chunks.TryGetValue(write.RequestId, out var chunks) && chunks.Count > 0
            ? intake.Rebuild(write, row.Timestamp, [.. chunks.Values])
            : write;

    private static ReadOnlySpan<byte> Bytes(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? some.Span : [];

    private static ReadOnlySpan<byte> Bytes(byte[]? bytes) => bytes;

    private bool Has(CallWrite write, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ApiRequest? row)
        => _rows.TryGetValue(write.RequestId, out row) && row.TrainId == write.TrainId;

    private SortedDictionary<int, StreamEvent> Chunks(Guid requestId)
    {
        if (!_chunks.TryGetValue(requestId, out var chunks))
        {
            _chunks[requestId] = chunks = [];
        }

        return chunks;
    }

    private async Task WriteChunksAsync(CancellationToken cancellationToken)
    {
        foreach (var (requestId, chunks) in _chunks)
        {
            // All of them together where there is an answer: a secret that is split over calls is masked now.
            var row = _rows[requestId];
            IReadOnlyList<StreamEvent> events = [.. chunks.Values];
            events = row.HasAnswer ? intake.Masked(row.TrainId, events) : events;
            var stored = _storedChunks.GetValueOrDefault(requestId, []);
            events = [.. events.Where(piece => !stored.TryGetValue(piece.Index, out var before) || !before.Equals(piece))];
            if (events.Count == 0)
            {
                continue;
            }

            await db.ExecuteAsync(
                """
                INSERT INTO streaming_chunks (request_id, chunk_index, "timestamp", data, token_count)
                SELECT @id, c.* FROM unnest(@indexes, @times, @data, @tokens) AS c
                ON CONFLICT (request_id, chunk_index) DO UPDATE SET data = excluded.data WHERE @is_whole
                """,
                [
                    DbCommands.Uuid("id", requestId),
                    DbCommands.Numbers("indexes", [.. events.Select(piece => (int?)piece.Index)]),
                    DbCommands.Times("times", [.. events.Select(piece => piece.Timestamp)]),
                    DbCommands.Texts("data", [.. events.Select(Text)]),
                    DbCommands.Numbers("tokens", [.. events.Select(piece => (int?)StreamedAnswer.OutputTokensOf(piece))]),
                    DbCommands.Flag("is_whole", row.HasAnswer),
                ],
                cancellationToken);
        }

        // PostgreSQL's text holds no U+0000; a piece that has it is no JSON.
        static string Text(StreamEvent piece) => Encoding.UTF8.GetString(piece.Data.Span).Replace('\0', '\uFFFD');
    }
}
