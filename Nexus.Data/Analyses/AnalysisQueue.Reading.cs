using System.Data.Common;
using Nexus.Data.Persistence;
using Npgsql;

namespace Nexus.Data.Analyses;

public sealed partial class AnalysisQueue
{
    /// <summary>The analysis of a branch, with its content; null where there is none.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="branchId">The branch of the conversation.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public Task<AnalysisDetails?> FindAsync(
        Guid conversationId, string branchId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(branchId);
        return _work.ReadAsync((db, token) => FindAsync(db, conversationId, branchId, token), cancellationToken);
    }

    /// <summary>An analysis with its content; null where there is none.</summary>
    /// <param name="id">The analysis.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public Task<AnalysisDetails?> FindAsync(long id, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            (db, token) => FindAsync(db, "id = @id", [DbCommands.Long("id", id)], token), cancellationToken);

    /// <summary>As <see cref="FindAsync(Guid, string, CancellationToken)"/>, and the audit log says who saw it.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="branchId">The branch of the conversation.</param>
    /// <param name="audit">On whose behalf.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public Task<AnalysisDetails?> RetrieveAsync(
        Guid conversationId, string branchId, AuditContext audit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(branchId);
        AuditEntries.Check(audit);

        return _work.DoAsync(
            async (db, token) =>
            {
                var found = await FindAsync(db, conversationId, branchId, token);
                if (found is { Summary: var summary })
                {
                    await AuditEntries.InsertAsync(
                        db,
                        [
                            AuditEntries.Of(
                                new(conversationId, branchId, summary.TrainId), AuditEvents.Retrieval, audit,
                                new
                                {
                                    AnalysisId = summary.Id,
                                    Status = EnumText<ConversationAnalysisStatus>.Word(summary.Status),
                                }),
                        ],
                        token);
                }

                return found;
            },
            cancellationToken);
    }

    /// <summary>Analyses, the newest first.</summary>
    /// <param name="filter">Which; null for all.</param>
    /// <param name="before">Only analyses with a smaller number: that of the last one of the page before.</param>
    /// <param name="pageSize">How many, 1 to 1,000.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public Task<IReadOnlyList<AnalysisSummary>> ListAsync(
        AnalysisFilter? filter = null, long? before = null, int pageSize = 100, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, MaxPageSize);

        var (conditions, parameters) = Conditions(filter ?? new(), before);
        return _work.ReadAsync<IReadOnlyList<AnalysisSummary>>(
            async (db, token) => await db.ReadAllAsync(
                $"""
                SELECT {AnalysisStatements.Summary} FROM conversation_analyses
                WHERE {string.Join(" AND ", conditions)} ORDER BY id DESC LIMIT @page
                """,
                [.. parameters(), Unleased(), DbCommands.Number("page", pageSize)], ReadSummary, token),
            cancellationToken);
    }

    /// <summary>Counts analyses.</summary>
    /// <param name="trainId">The train's slug; null for all.</param>
    /// <param name="cancellationToken">Stops the counting.</param>
    public Task<AnalysisCounts> CountAsync(string? trainId = null, CancellationToken cancellationToken = default)
        => _work.ReadAsync(
            async (db, token) => (await db.ReadAllAsync(
                AnalysisStatements.Count(trainId is null ? "true" : "train_id = @train"),
                trainId is null ? [Unleased()] : [Unleased(), DbCommands.Text("train", trainId)],
                row => new AnalysisCounts(
                    row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5),
                    row.ValueOrNull<DateTimeOffset>(6)),
                token))[0],
            cancellationToken);

    private Task<AnalysisDetails?> FindAsync(
        NexusDbContext db, Guid conversationId, string branchId, CancellationToken cancellationToken)
        => FindAsync(
            db, "conversation_id = @conversation AND branch_id = @branch",
            [DbCommands.Uuid("conversation", conversationId), DbCommands.Text("branch", StoredText.Of(branchId))],
            cancellationToken);

    private async Task<AnalysisDetails?> FindAsync(
        NexusDbContext db, string condition, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
        => (await db.ReadAllAsync(
            $"SELECT {AnalysisStatements.Details} FROM conversation_analyses WHERE {condition}", [.. parameters, Unleased()],
            ReadDetails, cancellationToken)).SingleOrDefault();

    // Parameters are made anew for each try.
    private static (List<string> Conditions, Func<List<NpgsqlParameter>> Parameters) Conditions(
        AnalysisFilter filter, long? before)
    {
        var conditions = new List<string> { "true" };
        var parameters = new List<Func<NpgsqlParameter>>();
        if (filter.Status is { } status)
        {
            conditions.Add("status = @status::conversation_analysis_status");
            parameters.Add(() => DbCommands.Text("status", EnumText<ConversationAnalysisStatus>.Word(status)));
        }

        if (filter.TrainId is { } train)
        {
            conditions.Add("train_id = @train");
            parameters.Add(() => DbCommands.Text("train", train));
        }

        if (filter.ConversationId is { } conversation)
        {
            conditions.Add("conversation_id = @conversation");
            parameters.Add(() => DbCommands.Uuid("conversation", conversation));
        }

        if (filter.StuckOnly)
        {
            conditions.Add(AnalysisStatements.IsStuck);
        }

        if (before is { } id)
        {
            conditions.Add("id < @before");
            parameters.Add(() => DbCommands.Long("before", id));
        }

        return (conditions, () => parameters.ConvertAll(make => make()));
    }

    private static AnalysisSummary ReadSummary(DbDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.TextOrNull(3),
        EnumText<ConversationAnalysisStatus>.Parse(row.GetString(4)), row.GetBoolean(5), row.GetInt32(6),
        ErrorHistory.LastMessage(row.TextOrNull(7)), row.TextOrNull(8), row.ValueOrNull<DateTimeOffset>(9),
        row.GetFieldValue<DateTimeOffset>(10), row.GetFieldValue<DateTimeOffset>(11), row.GetFieldValue<DateTimeOffset>(12),
        row.ValueOrNull<DateTimeOffset>(13));

    private static AnalysisDetails ReadDetails(DbDataReader row) => new(
        ReadSummary(row), row.TextOrNull(14), row.TextOrNull(15), row.TextOrNull(16), row.TextOrNull(17), row.TextOrNull(18),
        row.TextOrNull(7), row.ValueOrNull<int>(19), row.ValueOrNull<int>(20), row.ValueOrNull<int>(21),
        row.ValueOrNull<DateTimeOffset>(22));
}
