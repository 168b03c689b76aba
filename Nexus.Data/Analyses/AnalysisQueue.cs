using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Nexus.Data.Conversations;
using Nexus.Data.Masking;
using Nexus.Data.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Nexus.Data.Analyses;

/// <summary>
/// Orders analyses of conversations, and hands them to workers: each branch has one analysis, and each analysis one worker
/// at a time.
/// </summary>
/// <remarks>
/// <para>A worker claims jobs with a lease, prolongs it while it works, and completes or fails them while it holds it. All is
/// compared by the database's clock. Who has lost the lease, because it ran out and another has the job, or because the
/// analysis was ordered anew, can write nothing more.</para>
/// <para>Each operation is a transaction, with what the audit log says of it.</para>
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue, though no collection.")]
public sealed partial class AnalysisQueue
{
    private const int MaxBranchLength = 255;
    private const int MaxPageSize = 1_000;

    private readonly UnitOfWork _work;
    private readonly SecretMasker _masker;
    private readonly AnalysisQueueOptions _options;

    /// <summary>A queue each of whose operations is a transaction of its own.</summary>
    /// <param name="contexts">Makes the contexts.</param>
    /// <param name="masker">Masks the messages of errors, and what people ask.</param>
    /// <param name="options">How failed analyses are tried again.</param>
    public AnalysisQueue(
        IDbContextFactory<NexusDbContext> contexts, SecretMasker masker, IOptions<AnalysisQueueOptions> options)
        : this(new UnitOfWork(contexts), masker, Value(options))
    {
    }

    private AnalysisQueue(UnitOfWork work, SecretMasker masker, AnalysisQueueOptions options)
    {
        ArgumentNullException.ThrowIfNull(masker);
        (_work, _masker, _options) = (work, masker, options);
    }

    /// <summary>The same queue in a transaction of the caller's.</summary>
    /// <param name="db">Its context.</param>
    public AnalysisQueue In(NexusDbContext db) => new(new UnitOfWork(db), _masker, _options);

    /// <summary>Orders the analysis of a branch, unless there is one; one that failed begins anew. Any number of callers may
    /// do so at once.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="branchId">The branch of the conversation.</param>
    /// <param name="order">What is wanted. It does not change an analysis that waits, is being made or is completed.</param>
    /// <param name="audit">On whose behalf.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The branch's analysis, and what was found.</returns>
    /// <exception cref="NexusDataException">There is no such branch (not found), or the user context is no JSON (validation).
    /// </exception>
    public Task<AnalysisOrderResult> EnqueueAsync(
        Guid conversationId, string branchId, AnalysisOrder order, AuditContext audit,
        CancellationToken cancellationToken = default)
        => OrderAsync(conversationId, branchId, order, audit, anew: false, cancellationToken);

    /// <summary>Orders the analysis of a branch anew, however far it is: it is due at once, with its retries reset, and a
    /// worker that is at it can finish no more. An answer that is there stays until there is another.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="branchId">The branch of the conversation.</param>
    /// <param name="order">What is wanted, in place of what was before.</param>
    /// <param name="audit">On whose behalf.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The branch's analysis: created or restarted.</returns>
    /// <exception cref="NexusDataException">There is no such branch (not found), or the user context is no JSON (validation).
    /// </exception>
    public Task<AnalysisOrderResult> RegenerateAsync(
        Guid conversationId, string branchId, AnalysisOrder order, AuditContext audit,
        CancellationToken cancellationToken = default)
        => OrderAsync(conversationId, branchId, order, audit, anew: true, cancellationToken);

    /// <summary>Has an analysis that failed or is stuck tried again, with its retries reset.</summary>
    /// <param name="id">The analysis.</param>
    /// <param name="audit">On whose behalf.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<AnalysisRetryOutcome> RetryAsync(
        long id, AuditContext audit, CancellationToken cancellationToken = default)
        => (await RetryAsync([id], audit, cancellationToken))[0].Outcome;

    /// <summary>Has analyses that failed or are stuck tried again, with their retries reset, in one transaction.</summary>
    /// <param name="ids">The analyses.</param>
    /// <param name="audit">On whose behalf.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What became of each, in the order given.</returns>
    public Task<IReadOnlyList<AnalysisRetry>> RetryAsync(
        IReadOnlyCollection<long> ids, AuditContext audit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        AuditEntries.Check(audit);

        return _work.DoAsync<IReadOnlyList<AnalysisRetry>>(
            async (db, token) =>
            {
                var found = await db.ReadAllAsync(
                    AnalysisStatements.FindRetried, [DbCommands.Longs("ids", [.. ids]), Unleased()],
                    row => (Id: row.GetInt64(0), IsRetried: row.GetBoolean(1),
                        Place: new AnalysisPlace(row.GetGuid(2), row.GetString(3), row.TextOrNull(4)), Status: row.GetString(5)),
                    token);
                var retried = found.Where(analysis => analysis.IsRetried).ToList();
                if (retried.Count > 0)
                {
                    await db.ExecuteAsync(
                        AnalysisStatements.RestartAll,
                        [DbCommands.Longs("ids", [.. retried.Select(analysis => analysis.Id)])], token);
                    await AuditEntries.InsertAsync(
                        db,
                        [
                            .. retried.Select(analysis => AuditEntries.Of(
                                analysis.Place, AuditEvents.Retry, audit,
                                new { AnalysisId = analysis.Id, PreviousStatus = analysis.Status })),
                        ],
                        token);
                }

                var outcomes = found.ToDictionary(
                    analysis => analysis.Id,
                    analysis => analysis.IsRetried ? AnalysisRetryOutcome.Restarted : AnalysisRetryOutcome.NotNeeded);
                return [.. ids.Select(id => new AnalysisRetry(id, outcomes.GetValueOrDefault(id, AnalysisRetryOutcome.NotFound)))];
            },
            cancellationToken);
    }

    private Task<AnalysisOrderResult> OrderAsync(
        Guid conversationId, string branchId, AnalysisOrder order, AuditContext audit, bool anew,
        CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(branchId);
        ArgumentNullException.ThrowIfNull(order);
        AuditEntries.Check(audit);

        return _work.DoAsync(
            async (db, token) =>
            {
                var place = new AnalysisPlace(
                    conversationId, branchId, await FindTrainAsync(db, conversationId, branchId, token));
                var prompt = order.CustomPrompt is { } text
                    ? StoredText.Of(_masker.MaskText(place.TrainId!, text))
                    : null;
                var (id, before) = await FindOrCreateAsync(db, place, prompt, token);
                if (anew ? before is not null : before is ConversationAnalysisStatus.Failed)
                {
                    await db.ExecuteAsync(
                        AnalysisStatements.Restart,
                        [DbCommands.Long("id", id), DbCommands.Text("prompt", prompt), DbCommands.Text("train", place.TrainId)],
                        token);
                }

                var outcome = Outcome(before, anew);
                await AuditEntries.InsertAsync(
                    db,
                    [
                        AuditEntries.Of(
                            place, anew ? AuditEvents.Regeneration : AuditEvents.Request, audit,
                            new
                            {
                                AnalysisId = id,
                                Outcome = EnumText<AnalysisOrderOutcome>.Word(outcome),
                                PreviousStatus = before is { } status ? EnumText<ConversationAnalysisStatus>.Word(status) : null,
                            }),
                    ],
                    token);
                return new AnalysisOrderResult(id, outcome, StatusAfter(outcome));
            },
            cancellationToken);
    }

    private static AnalysisOrderOutcome Outcome(ConversationAnalysisStatus? before, bool anew) => before switch
    {
        null => AnalysisOrderOutcome.Created,
        ConversationAnalysisStatus.Failed => AnalysisOrderOutcome.Restarted,
        _ when anew => AnalysisOrderOutcome.Restarted,
        ConversationAnalysisStatus.Pending => AnalysisOrderOutcome.Waiting,
        ConversationAnalysisStatus.Processing => AnalysisOrderOutcome.Processing,
        _ => AnalysisOrderOutcome.Completed,
    };

    private static ConversationAnalysisStatus StatusAfter(AnalysisOrderOutcome outcome) => outcome switch
    {
        AnalysisOrderOutcome.Processing => ConversationAnalysisStatus.Processing,
        AnalysisOrderOutcome.Completed => ConversationAnalysisStatus.Completed,
        _ => ConversationAnalysisStatus.Pending,
    };

    private static async Task<string> FindTrainAsync(
        NexusDbContext db, Guid conversationId, string branchId, CancellationToken cancellationToken)
    {
        // A name that no branch can have is told as any other that none has.
        NpgsqlParameter[] place =
        [
            DbCommands.Uuid("conversation", conversationId), DbCommands.Text("branch", TextField.Sought(branchId)),
        ];
        var train = await db.ReadAsync(AnalysisStatements.FindTrain, place, FirstAsync, cancellationToken);
        if (train is not null)
        {
            // Meanwhile it may have been moved or removed; to another train it is never moved.
            train = await db.ReadAsync(
                AnalysisStatements.HoldTrain,
                [.. place.Select(parameter => parameter.Clone()), DbCommands.Long("train_lock", LinkKeys.TrainLock(train))],
                async (reader, token) =>
                {
                    await reader.NextResultAsync(token);
                    return await FirstAsync(reader, token);
                },
                cancellationToken);
        }

        return train ?? throw new NexusDataException(
            NexusDataErrorKind.NotFound, $"There is no branch '{StoredText.Of(branchId, MaxBranchLength)}' of a conversation {conversationId}.");

        static async Task<string?> FirstAsync(DbDataReader reader, CancellationToken token)
            => await reader.ReadAsync(token) ? reader.GetString(0) : null;
    }

    // The analysis and how far it was: null where it is new.
    private static async Task<(long Id, ConversationAnalysisStatus? Before)> FindOrCreateAsync(
        NexusDbContext db, AnalysisPlace place, string? prompt, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await db.ReadAsync<(long, ConversationAnalysisStatus?)?>(
                AnalysisStatements.Order,
                [
                    DbCommands.Uuid("conversation", place.ConversationId), DbCommands.Text("branch", place.BranchId),
                    DbCommands.Text("train", place.TrainId), DbCommands.Text("prompt", prompt),
                ],
                async (reader, token) =>
                {
                    var isNew = await reader.ReadAsync(token);
                    await reader.NextResultAsync(token);
                    return await reader.ReadAsync(token)
                        ? (reader.GetInt64(0), isNew ? null : EnumText<ConversationAnalysisStatus>.Parse(reader.GetString(1)))
                        : null;
                },
                cancellationToken);
            if (found is { } analysis)
            {
                return analysis;
            }

            // It was there, and was taken away before it could be held.
        }
    }

    private NpgsqlParameter Unleased() => Length("unleased", TimeSpan.FromSeconds(_options.UnleasedTimeoutSeconds));

    private static NpgsqlParameter Length(string name, TimeSpan length)
        => DbCommands.Parameter(name, NpgsqlDbType.Interval, length);

    private static AnalysisQueueOptions Value(IOptions<AnalysisQueueOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Value;
    }
}
