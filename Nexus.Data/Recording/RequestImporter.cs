using System.Text;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;

namespace Nexus.Data.Recording;

/// <summary>
/// Reads a request log in JSON Lines, one object a line with names as the columns of <c>api_requests</c>, and links it as
/// it goes. Nothing is imported twice: an import that was stopped is started again on the same log.
/// </summary>
/// <param name="contexts">Makes the contexts; each transaction has one of its own.</param>
/// <param name="options">Which requests are linked; null for the defaults.</param>
/// <param name="masker">Masks secrets; null for one with the default rules.</param>
/// <param name="recording">What is kept of a request; null for the defaults.</param>
public sealed class RequestImporter(
    IDbContextFactory<NexusDbContext> contexts, LinkingOptions? options = null, SecretMasker? masker = null,
    RecordingOptions? recording = null)
{
    /// <summary>Imports a log. Memory does not grow with its length, only with its longest lines.</summary>
    /// <param name="log">The log, read once from here to its end; the caller disposes it.</param>
    /// <param name="import">How; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between lines; what was committed stays.</param>
    /// <exception cref="NexusDataException">A line is longer than anything that could be stored.</exception>
    public async Task<ImportReport> ImportAsync(
        Stream log, ImportOptions? import = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        import ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(import.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(import.BatchSize, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(import.BatchBytes, 64 * 1024);

        var run = new Run(contexts, options, masker ?? new(new()), recording ?? new(), import);
        await foreach (var line in LogLines.ReadAsync(log, cancellationToken))
        {
            await run.AddAsync(line, cancellationToken);
        }

        return await run.FinishAsync(cancellationToken);
    }

    // One import: the lines that were read and not stored yet, and the counts.
    private sealed class Run(
        IDbContextFactory<NexusDbContext> contexts, LinkingOptions? options, SecretMasker masker, RecordingOptions recording,
        ImportOptions import)
    {
        private readonly List<(LogLine Line, ApiRequest Request, List<StreamingChunk> Chunks)> _batch = [];
        private readonly HashSet<Guid> _ids = [];
        private readonly AnalysisPace _pace = new();
        private long _bytes;
        private long _held;
        private long _lines;
        private long _stored;
        private long _known;
        private long _rejected;
        private long _skipped;
        private long _unlinked;
        private long _deferred;

        public async Task AddAsync(LogLine line, CancellationToken cancellationToken)
        {
            _lines++;
            ApiRequest request;
            List<StreamingChunk> chunks;
            try
            {
                request = RequestLogLine.Read(line.Bytes, masker, recording.KeepOriginalBody, out chunks);
            }
            catch (NexusDataException exception) when (exception.Kind == NexusDataErrorKind.Validation)
            {
                await RejectAsync(line, exception.Message, cancellationToken);
                return;
            }

            if ((import.TrainId is { } train && request.TrainId != train) || request.Timestamp < import.Since)
            {
                _skipped++;
                _bytes = line.End;
                return;
            }

            // The same identifier twice in a batch is decided by what the first left in the database.
            if (_ids.Contains(request.RequestId))
            {
                await StoreAsync(cancellationToken);
            }

            _ids.Add(request.RequestId);
            _batch.Add((line, request, chunks));
            _held += line.Bytes.Length;
            _bytes = line.End;
            if (_batch.Count >= import.BatchSize || _held >= import.BatchBytes)
            {
                await StoreAsync(cancellationToken);
            }
        }

        public async Task<ImportReport> FinishAsync(CancellationToken cancellationToken)
        {
            await StoreAsync(cancellationToken);
            if (import.Rejects is { } rejects)
            {
                await rejects.FlushAsync(cancellationToken);
            }

            return new(_lines, _stored, _known, _rejected, _unlinked, _deferred, _skipped);
        }

        private async Task StoreAsync(CancellationToken cancellationToken)
        {
            if (_batch.Count > 0)
            {
                await using var db = await contexts.CreateDbContextAsync(cancellationToken);
                var conflicts = await db.Database.CreateExecutionStrategy().ExecuteAsync(
                    token => StoreAsync(db, token), cancellationToken);
                foreach (var line in conflicts)
                {
                    await RejectAsync(line, "The request is stored already with other content.", cancellationToken);
                }

                await _pace.AnalyzeAsync(db, _stored, cancellationToken);
            }

            _batch.Clear();
            _ids.Clear();
            _held = 0;
            import.Progress?.Report(new(_bytes, _lines, _stored, _known, _rejected, _skipped));
        }

        private async Task<List<LogLine>> StoreAsync(NexusDbContext db, CancellationToken cancellationToken)
        {
            db.ChangeTracker.Clear();
            db.ChangeTracker.AutoDetectChangesEnabled = false;
            if (import.DryRun)
            {
                return Count(await StoredAsync(db, cancellationToken), []);
            }

            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            await db.ReadAsync(
                LinkStatements.LockAll,
                [
                    DbCommands.Longs("keys", [.. _batch.Select(item => item.Request.TrainId).Distinct()
                        .Select(LinkKeys.TrainLock).Order()]),
                ],
                (_, _) => Task.FromResult(0), cancellationToken);

            var stored = await StoredAsync(db, cancellationToken);
            var missing = _batch.Where(item => !stored.ContainsKey(item.Request.RequestId)).ToList();
            var fresh = missing.ConvertAll(item => item.Request);

            // A try before this one, whose connection broke, may have given them places.
            fresh.ForEach(request => request.Unlink());
            db.AddRange(fresh);
            db.AddRange(missing.SelectMany(item => item.Chunks));
            var results = await new ConversationLinker(db, options) { HoldsTrains = true }
                .LinkAsync(fresh, cancellationToken);
            db.ChangeTracker.DetectChanges();
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);

            return Count(stored, results);
        }

        // Counts a batch that is done, and gives back what contradicts the database.
        private List<LogLine> Count(Dictionary<Guid, bool> stored, IReadOnlyList<LinkResult> results)
        {
            _stored += _batch.Count - stored.Count;
            _known += stored.Values.Count(isSame => isSame);
            _unlinked += results.Count(result => result.Outcome == LinkOutcome.TakesNoPart);
            _deferred += results.Count(result => result.Outcome == LinkOutcome.Deferred);
            return [.. _batch.Where(item => stored.TryGetValue(item.Request.RequestId, out var isSame) && !isSame)
                .Select(item => item.Line)];
        }

        // Which requests of the batch are there already, and whether with the same content.
        private async Task<Dictionary<Guid, bool>> StoredAsync(NexusDbContext db, CancellationToken cancellationToken)
        {
            var ids = _ids.ToArray();
            var there = await db.Requests.Where(request => ids.Contains(request.RequestId))
                .Select(request => request.RequestId).ToListAsync(cancellationToken);
            if (there.Count == 0)
            {
                return [];
            }

            var known = there.ToHashSet();
            var given = _batch.Select(item => item.Request).Where(item => known.Contains(item.RequestId)).ToList();
            var compared = await StoredContent.CompareAsync(db, given, cancellationToken);
            return compared.ToDictionary(
                row => given[row.Key].RequestId,
                row => row.Value is { IsSameCall: true, IsSameTime: true, IsSameAnswer: true });
        }

        private async Task RejectAsync(LogLine line, string reason, CancellationToken cancellationToken)
        {
            _rejected++;
            _bytes = line.End;
            import.OnRejected?.Invoke(new(line.Number, reason));
            if (import.Rejects is { } rejects)
            {
                await rejects.WriteAsync(Encoding.UTF8.GetBytes($"# line {line.Number}: {reason}\n"), cancellationToken);
                await rejects.WriteAsync(line.Bytes, cancellationToken);
                await rejects.WriteAsync("\n"u8.ToArray(), cancellationToken);
            }
        }
    }
}
