using System.Data.Common;
using System.Text;
using Nexus.Data.Persistence;
using Nexus.Data.Requests;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Analyses;

public sealed partial class AnalysisQueue
{
    private const int MaxWorkerLength = 255;
    private const int MaxModelLength = 255;
    private const int MaxErrorNameLength = 200;
    private const int MaxClaim = 1_000;
    private const int MaxRecovery = 100;

    // A message is masked before it is cut, or half a secret would stay; of one without end so much is looked at.
    private const int MaxMaskedLength = 64 * 1024;

    private static readonly TimeSpan _maxLease = TimeSpan.FromDays(1);

    /// <summary>Hands out jobs that are due, those that are due longest first. Workers may ask at once: none waits for
    /// another, and no job goes to two. What dead workers left is recovered before.</summary>
    /// <param name="worker">Who asks, 1 to 255 characters: for people to read.</param>
    /// <param name="count">How many jobs at most, 1 to 1,000.</param>
    /// <param name="leaseLength">How long they are the worker's, unless it prolongs that; up to a day.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The jobs; none where none is due.</returns>
    public Task<IReadOnlyList<AnalysisJob>> ClaimAsync(
        string worker, int count, TimeSpan leaseLength, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(worker);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(worker.Length, MaxWorkerLength, nameof(worker));
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxClaim);
        CheckLength(leaseLength);

        return _work.DoAsync<IReadOnlyList<AnalysisJob>>(
            async (db, token) =>
            {
                var (stuck, jobs) = await db.ReadAsync(
                    $"{AnalysisStatements.FindStuck};\n{AnalysisStatements.Claim}",
                    [
                        Unleased(), DbCommands.Number("most", MaxRecovery), DbCommands.Text("worker", StoredText.Of(worker)),
                        DbCommands.Number("count", count), Length("length", leaseLength),
                    ],
                    async (reader, readToken) =>
                    {
                        var tries = await ReadTriesAsync(reader, readToken);
                        await reader.NextResultAsync(readToken);
                        return (tries, await ReadJobsAsync(reader, readToken));
                    },
                    token);
                await RecoverAsync(db, stuck, token);
                return jobs;
            },
            cancellationToken);
    }

    /// <summary>Prolongs a lease that has not run out, from now on.</summary>
    /// <param name="job">The job.</param>
    /// <param name="leaseLength">How long from now it is the worker's; up to a day.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The job with its new lease; null where it was lost: the worker should stop.</returns>
    public async Task<AnalysisJob?> HeartbeatAsync(
        AnalysisJob job, TimeSpan leaseLength, CancellationToken cancellationToken = default)
        => (await HeartbeatAsync([job], leaseLength, cancellationToken)).SingleOrDefault();

    /// <summary>Prolongs leases that have not run out, from now on.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="leaseLength">How long from now they are the worker's; up to a day.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The jobs that are still held, with their new leases; the others were lost.</returns>
    public Task<IReadOnlyList<AnalysisJob>> HeartbeatAsync(
        IReadOnlyCollection<AnalysisJob> jobs, TimeSpan leaseLength, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        CheckLength(leaseLength);

        return _work.ReadAsync<IReadOnlyList<AnalysisJob>>(
            async (db, token) =>
            {
                var held = (await db.ReadAllAsync(
                    AnalysisStatements.Prolong,
                    [
                        DbCommands.Longs("ids", [.. jobs.Select(job => job.Id)]),
                        DbCommands.Uuids("leases", [.. jobs.Select(job => job.LeaseId)]), Length("length", leaseLength),
                    ],
                    row => (Id: row.GetInt64(0), ExpiresAt: row.GetFieldValue<DateTimeOffset>(1)), token))
                    .ToDictionary(row => row.Id, row => row.ExpiresAt);
                return
                [
                    .. jobs.Where(job => held.ContainsKey(job.Id))
                        .Select(job => job with { LeaseExpiresAt = held[job.Id] }),
                ];
            },
            cancellationToken);
    }

    /// <summary>Stores the answer, where the lease has not run out and was not taken away.</summary>
    /// <param name="job">The job.</param>
    /// <param name="result">The answer.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Whether it counted; otherwise nothing was changed.</returns>
    /// <exception cref="NexusDataException">Data or raw response are no JSON (validation).</exception>
    public Task<bool> CompleteAsync(AnalysisJob job, AnalysisResult result, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(result.Content);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(result.Model?.Length ?? 0, MaxModelLength, nameof(result.Model));

        var data = Json(result.Data, "analysis data");
        var raw = Json(result.RawResponse, "raw response");
        return _work.DoAsync(
            async (db, token) =>
            {
                var done = await db.ReadAllAsync(
                    AnalysisStatements.Complete,
                    [
                        DbCommands.Long("id", job.Id), DbCommands.Uuid("lease", job.LeaseId),
                        DbCommands.Text("content", StoredText.Of(result.Content)), DbCommands.Text("data", data),
                        DbCommands.Text("raw", raw),
                        DbCommands.Text("model", result.Model is { } model ? StoredText.Of(model) : null),
                        Optional("prompt_tokens", result.PromptTokens), Optional("completion_tokens", result.CompletionTokens),
                        Optional("duration", Milliseconds(result.Duration)),
                    ],
                    row => (Place: new AnalysisPlace(row.GetGuid(0), row.GetString(1), row.TextOrNull(2)), Retries: row.GetInt32(3)),
                    token);
                if (done is not [var (place, retries)])
                {
                    return false;
                }

                await AuditEntries.InsertAsync(
                    db,
                    [
                        AuditEntries.Of(
                            place, AuditEvents.Completion, AuditOf(job),
                            new { AnalysisId = job.Id, Status = "completed", RetryCount = retries }),
                    ],
                    token);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Tells that a try failed, where the lease has not run out and was not taken away: the job waits for the next
    /// try, or fails for good where there is none.</summary>
    /// <param name="job">The job.</param>
    /// <param name="error">Why.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What became of the job.</returns>
    public Task<FailedTry> FailAsync(AnalysisJob job, AnalysisError error, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(error);

        return _work.DoAsync(
            async (db, token) =>
            {
                var held = await db.ReadAsync(
                    AnalysisStatements.FindHeld, [DbCommands.Long("id", job.Id), DbCommands.Uuid("lease", job.LeaseId)],
                    ReadTriesAsync, token);
                if (held.Count == 0)
                {
                    return new FailedTry(FailedTryOutcome.NotHeld, null);
                }

                var ended = EndedTry.Of(held[0], Masked(held[0], error), AuditOf(job), _options);
                await EndAsync(db, [ended], token);
                return ended.Delay is null
                    ? new FailedTry(FailedTryOutcome.GivenUp, null)
                    : new FailedTry(FailedTryOutcome.Requeued, held[0].Now + ended.Delay);
            },
            cancellationToken);
    }

    /// <summary>Has the jobs of workers that were not heard of until their leases ran out tried again, or failed where no try
    /// is left. <see cref="ClaimAsync"/> does so too.</summary>
    /// <param name="cancellationToken">Stops it between transactions.</param>
    public async Task<AnalysisRecovery> RecoverAsync(CancellationToken cancellationToken = default)
    {
        var (requeued, givenUp) = (0, 0);
        while (true)
        {
            var ended = await _work.DoAsync(
                async (db, token) => await RecoverAsync(
                    db,
                    await db.ReadAsync(
                        AnalysisStatements.FindStuck, [Unleased(), DbCommands.Number("most", MaxRecovery)], ReadTriesAsync, token),
                    token),
                cancellationToken);
            requeued += ended.Count(job => job.Delay is not null);
            givenUp += ended.Count(job => job.Delay is null);
            if (ended.Count < MaxRecovery)
            {
                return new(requeued, givenUp);
            }
        }
    }

    private async Task<List<EndedTry>> RecoverAsync(
        NexusDbContext db, List<HeldTry> stuck, CancellationToken cancellationToken)
    {
        var ended = stuck.ConvertAll(job => EndedTry.OfLost(job, _options));
        await EndAsync(db, ended, cancellationToken);
        return ended;
    }

    private static async Task EndAsync(NexusDbContext db, List<EndedTry> ended, CancellationToken cancellationToken)
    {
        if (ended.Count == 0)
        {
            return;
        }

        await db.ExecuteAsync(
            AnalysisStatements.EndTries,
            [
                DbCommands.Longs("ids", [.. ended.Select(job => job.Id)]),
                DbCommands.Numbers("retry_counts", [.. ended.Select(job => (int?)job.RetryCount)]),
                DbCommands.Texts("errors", [.. ended.Select(job => job.Errors)]),
                DbCommands.Parameter(
                    "delays", NpgsqlDbType.Array | NpgsqlDbType.Interval, ended.Select(job => job.Delay).ToArray()),
            ],
            cancellationToken);
        await AuditEntries.InsertAsync(db, [.. ended.Select(job => job.Audit)], cancellationToken);
    }

    private AnalysisError Masked(HeldTry job, AnalysisError error) => error with
    {
        Message = Masked(job.Place, error.Message, ErrorHistory.MaxMessageLength),
        Name = Masked(job.Place, error.Name, MaxErrorNameLength),
    };

    private string Masked(AnalysisPlace place, string text, int maxLength)
        => StoredText.Of(
            _masker.MaskText(place.TrainId ?? AuditEntries.UnknownTrain, StoredText.Of(text, MaxMaskedLength)), maxLength);

    // A try has no caller: its claim stands for one.
    private static AuditContext AuditOf(AnalysisJob job)
        => new(job.LeaseId.ToString()) { UserContext = AuditEntries.Json(new { job.Worker }) };

    private static async Task<List<HeldTry>> ReadTriesAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var tries = new List<HeldTry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            tries.Add(new(
                reader.GetInt64(0), reader.GetInt32(1), reader.TextOrNull(2),
                new(reader.GetGuid(3), reader.GetString(4), reader.TextOrNull(5)), reader.TextOrNull(6),
                reader.ValueOrNull<Guid>(7), reader.GetFieldValue<DateTimeOffset>(8)));
        }

        return tries;
    }

    private static async Task<List<AnalysisJob>> ReadJobsAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var jobs = new List<AnalysisJob>();
        while (await reader.ReadAsync(cancellationToken))
        {
            jobs.Add(new(
                reader.GetInt64(0), reader.GetGuid(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3),
                reader.GetGuid(4), reader.GetString(5), reader.TextOrNull(6), reader.TextOrNull(7), reader.GetInt32(8),
                reader.GetFieldValue<DateTimeOffset>(9)));
        }

        return jobs;
    }

    private static string? Json(string? json, string name)
        => json is null ? null : StoredJson.TextOf(Encoding.UTF8.GetBytes(json), name);

    private static NpgsqlParameter Optional(string name, int? value)
        => DbCommands.Parameter(name, NpgsqlDbType.Integer, value);

    private static int? Milliseconds(TimeSpan? duration)
        => duration is { } length ? (int)Math.Clamp(length.TotalMilliseconds, 0, int.MaxValue) : null;

    private static void CheckLength(TimeSpan leaseLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(leaseLength, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leaseLength, _maxLease);
    }
}
