using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Conversations.Rebuilding;
using Nexus.Data.Persistence;

namespace Nexus.Data.Conversations;

/// <summary>Counts conversations, chains, branches and orphans, by train, and says what a rebuild would change. Reads
/// only.</summary>
/// <param name="contexts">Makes the contexts that are read from: one for the numbers, one for each train.</param>
/// <param name="options">Which requests take part in conversations; null for the defaults.</param>
public sealed class ConversationAnalyzer(IDbContextFactory<NexusDbContext> contexts, LinkingOptions? options = null)
{
    private const string Counts =
        """
        WITH branch AS (
            SELECT train_id, conversation_id, branch_id, count(*) AS requests,
                   count(*) FILTER (WHERE link_hash IS NOT NULL OR current_message_hash IS NOT NULL) AS hashed,
                   count(*) FILTER (WHERE parent_request_id IS NULL AND retry_of_request_id IS NULL) AS chains,
                   count(retry_of_request_id) AS retries, count(unlinked_because) AS deferred
            FROM api_requests
            WHERE @train IS NULL OR train_id = @train
            GROUP BY train_id, conversation_id, branch_id)
        SELECT train_id, sum(requests)::bigint, sum(hashed)::bigint,
               count(DISTINCT conversation_id), count(conversation_id),
               coalesce(sum(chains) FILTER (WHERE conversation_id IS NOT NULL), 0)::bigint,
               count(conversation_id) FILTER (WHERE branch_id LIKE 'subtask\_%'),
               count(conversation_id) FILTER (WHERE branch_id LIKE 'compact\_%'),
               sum(retries)::bigint, sum(deferred)::bigint,
               coalesce(sum(requests - deferred) FILTER (WHERE conversation_id IS NULL), 0)::bigint
        FROM branch GROUP BY train_id ORDER BY train_id COLLATE "C";
        """;

    // A request and its retries count as one. Rows of another program do not say whether they claim a branch.
    private const string FanOut =
        """
        SELECT train_id, count(*) FILTER (WHERE histories > 1), max(children)
        FROM (
            SELECT child.train_id, count(*) AS children,
                   count(*) FILTER (WHERE child.claims_branch
                       OR child.link_kind IS NULL AND child.is_subtask IS NOT TRUE) AS histories
            FROM api_requests child
            LEFT JOIN (
                SELECT request_id, retry_of_request_id FROM api_requests WHERE retry_of_request_id IS NOT NULL) retry
                ON retry.request_id = child.parent_request_id
            WHERE child.parent_request_id IS NOT NULL AND child.retry_of_request_id IS NULL
              AND (@train IS NULL OR child.train_id = @train)
            GROUP BY child.train_id, coalesce(retry.retry_of_request_id, child.parent_request_id)) parent
        GROUP BY train_id;
        """;

    private const string Orphans =
        """
        SELECT train_id, count(*)
        FROM api_requests request
        WHERE parent_request_id IS NULL AND parent_message_hash IS NOT NULL AND retry_of_request_id IS NULL
          AND (@train IS NULL OR train_id = @train)
          AND NOT EXISTS (
              SELECT FROM api_requests parent
              WHERE parent.train_id = request.train_id AND parent.current_message_hash = request.parent_message_hash)
        GROUP BY train_id;
        """;

    // Followed from their starts alone, so that no loop that another program has left can hold it up. Each round goes one
    // request further in all chains at once, by the index of parents: a hash or merge would read the table every round.
    private const string Depth =
        """
        SET LOCAL enable_nestloop = on;
        SET LOCAL enable_hashjoin = off;
        SET LOCAL enable_mergejoin = off;
        WITH RECURSIVE chain AS (
            SELECT request_id, train_id, 1 AS depth
            FROM api_requests
            WHERE parent_request_id IS NULL AND retry_of_request_id IS NULL AND conversation_id IS NOT NULL
              AND (@train IS NULL OR train_id = @train)
            UNION ALL
            SELECT child.request_id, chain.train_id, chain.depth + 1
            FROM chain JOIN api_requests child ON child.parent_request_id = chain.request_id)
        SELECT train_id, max(depth)::bigint FROM chain GROUP BY train_id;
        """;

    // No nested loops: where the statistics are from before the links were written, as after a rebuild, the planner takes
    // all parents for a handful and compares each with each.
    private const string Settings =
        $"{RebuildStatements.Settings}; SET LOCAL enable_nestloop = off; SET TRANSACTION READ ONLY";

    /// <summary>Counts what is stored, and compares it with what a rebuild would store.</summary>
    /// <param name="analysis">What to look at; null for all.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<ConversationReport> AnalyzeAsync(
        ConversationAnalysisOptions? analysis = null, CancellationToken cancellationToken = default)
    {
        analysis ??= new();

        // Side by side, for the one is the server's work and the other is ours.
        var rebuild = analysis.ComparesWithRebuild
            ? new ConversationRebuilder(contexts, options).RebuildAsync(
                new() { TrainId = analysis.TrainId, Progress = analysis.Progress }, cancellationToken)
            : Task.FromResult<RebuildReport?>(null)!;
        var counts = CountAsync(analysis.TrainId, cancellationToken);
        await Task.WhenAll(rebuild, counts);
        var trains = await counts;
        return new(trains, Total(trains), await rebuild);
    }

    private async Task<List<TrainConversations>> CountAsync(string? trainId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Database.CreateExecutionStrategy().ExecuteAsync(
            token => ReadAsync(db, trainId, token), cancellationToken);
    }

    private static async Task<List<TrainConversations>> ReadAsync(
        NexusDbContext db, string? trainId, CancellationToken cancellationToken)
    {
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await using var transaction = await db.Database.BeginTransactionAsync(
            IsolationLevel.RepeatableRead, cancellationToken);
        await db.ExecuteAsync(Settings, [], cancellationToken);
        var trains = await db.ReadAllAsync(Counts, [DbCommands.Text("train", trainId)], Train, cancellationToken);
        var fans = await NumbersAsync(db, FanOut, trainId, cancellationToken);
        var orphans = await NumbersAsync(db, Orphans, trainId, cancellationToken);
        var depths = await NumbersAsync(db, Depth, trainId, cancellationToken);
        return
        [
            .. trains.Select(train => train with
            {
                BranchPoints = Of(fans, train, 0),
                LargestFanOut = Of(fans, train, 1),
                Orphans = Of(orphans, train, 0),
                LongestChain = Of(depths, train, 0),
            }),
        ];

        static long Of(Dictionary<string, long[]> numbers, TrainConversations train, int column)
            => numbers.TryGetValue(train.TrainId!, out var row) ? row[column] : 0;
    }

    private static TrainConversations Train(DbDataReader row) => new()
    {
        TrainId = row.GetString(0),
        Requests = row.GetInt64(1),
        WithHashes = row.GetInt64(2),
        Conversations = row.GetInt64(3),
        Branches = row.GetInt64(4),
        Chains = row.GetInt64(5),
        Subtasks = row.GetInt64(6),
        Continuations = row.GetInt64(7),
        Retries = row.GetInt64(8),
        Deferred = row.GetInt64(9),
        Unlinked = row.GetInt64(10),
    };

    // Numbers by train, in the order of the columns.
    private static Task<Dictionary<string, long[]>> NumbersAsync(
        NexusDbContext db, string sql, string? trainId, CancellationToken cancellationToken)
        => db.ReadAsync(
            sql, [DbCommands.Text("train", trainId)],
            async (reader, token) =>
            {
                var rows = new Dictionary<string, long[]>(StringComparer.Ordinal);
                while (await reader.ReadAsync(token))
                {
                    rows[reader.GetString(0)] = [.. Enumerable.Range(1, reader.FieldCount - 1).Select(reader.GetInt64)];
                }

                return rows;
            },
            cancellationToken);

    private static TrainConversations Total(List<TrainConversations> trains) => new()
    {
        Requests = trains.Sum(train => train.Requests),
        WithHashes = trains.Sum(train => train.WithHashes),
        Conversations = trains.Sum(train => train.Conversations),
        Branches = trains.Sum(train => train.Branches),
        Chains = trains.Sum(train => train.Chains),
        BranchPoints = trains.Sum(train => train.BranchPoints),
        Orphans = trains.Sum(train => train.Orphans),
        Subtasks = trains.Sum(train => train.Subtasks),
        Continuations = trains.Sum(train => train.Continuations),
        Retries = trains.Sum(train => train.Retries),
        Deferred = trains.Sum(train => train.Deferred),
        Unlinked = trains.Sum(train => train.Unlinked),
        LongestChain = trains.Select(train => train.LongestChain).DefaultIfEmpty().Max(),
        LargestFanOut = trains.Select(train => train.LargestFanOut).DefaultIfEmpty().Max(),
    };
}
