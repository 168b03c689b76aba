using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Nexus.Data.Persistence;

namespace Nexus.Data.Conversations;

/// <summary>Counts conversations, chains, branches and what is wrong with them, by train. Reads only, and no body.</summary>
/// <param name="contexts">Makes the context that is read from.</param>
public sealed class ConversationAnalyzer(IDbContextFactory<NexusDbContext> contexts)
{
    // The rows are read once, without what is wide. Chains are followed from their starts alone, so that no loop that
    // another program has left can hold it up; each round goes one request further in all of them at once.
    private const string Statement =
        """
        WITH RECURSIVE request AS MATERIALIZED (
            SELECT request_id AS id, train_id AS train, conversation_id AS conversation, branch_id AS branch,
                   parent_request_id AS parent, retry_of_request_id AS retry_of, is_subtask, link_kind, claims_branch,
                   coalesce(retry_of_request_id, request_id) AS one,
                   link_hash IS NOT NULL OR current_message_hash IS NOT NULL AS is_hashed,
                   unlinked_because IS NOT NULL AS is_deferred,
                   current_message_hash AS own_hash, parent_message_hash AS parent_hash
            FROM api_requests
            WHERE @train IS NULL OR train_id = @train),
        chain AS (
            SELECT id, train, 1 AS depth FROM request
            WHERE parent IS NULL AND retry_of IS NULL AND conversation IS NOT NULL
            UNION ALL
            SELECT request.id, request.train, chain.depth + 1
            FROM chain JOIN request ON request.parent = chain.id),
        depths AS (SELECT train, max(depth) AS deepest FROM chain GROUP BY train),
        fans AS (
            SELECT parent.train, count(*) AS children,
                   count(*) FILTER (WHERE child.claims_branch
                       OR (child.link_kind IS NULL AND child.is_subtask IS NOT TRUE)) AS histories
            FROM request child JOIN request parent ON parent.id = child.parent
            WHERE child.retry_of IS NULL
            GROUP BY parent.train, parent.one),
        fan AS (
            SELECT train, count(*) FILTER (WHERE histories > 1) AS points, max(children) AS widest FROM fans GROUP BY train),
        orphan AS (
            SELECT train, count(*) AS orphans FROM request
            WHERE parent IS NULL AND parent_hash IS NOT NULL AND retry_of IS NULL
              AND NOT EXISTS (
                  SELECT FROM request other
                  WHERE other.train = request.train AND other.own_hash = request.parent_hash)
            GROUP BY train),
        branch AS (
            SELECT DISTINCT train, conversation, branch FROM request WHERE conversation IS NOT NULL),
        branches AS (
            SELECT train, count(DISTINCT conversation) AS conversations, count(*) AS branches,
                   count(*) FILTER (WHERE branch LIKE 'subtask\_%') AS subtasks,
                   count(*) FILTER (WHERE branch LIKE 'compact\_%') AS continuations
            FROM branch GROUP BY train),
        totals AS (
            SELECT train, count(*) AS requests, count(*) FILTER (WHERE is_hashed) AS hashed,
                   count(*) FILTER (WHERE parent IS NULL AND retry_of IS NULL AND conversation IS NOT NULL) AS chains,
                   count(*) FILTER (WHERE retry_of IS NOT NULL) AS retries,
                   count(*) FILTER (WHERE is_deferred) AS deferred,
                   count(*) FILTER (WHERE conversation IS NULL AND NOT is_deferred) AS unlinked
            FROM request GROUP BY train)
        SELECT train, requests, hashed, coalesce(conversations, 0), coalesce(branches, 0), chains, coalesce(points, 0),
               coalesce(orphans, 0), coalesce(subtasks, 0), coalesce(continuations, 0), retries, deferred, unlinked,
               coalesce(deepest, 0), coalesce(widest, 0)
        FROM totals LEFT JOIN branches USING (train) LEFT JOIN depths USING (train) LEFT JOIN fan USING (train)
             LEFT JOIN orphan USING (train)
        ORDER BY train COLLATE "C"
        """;

    // Each round of the chains looks into one hash of all rows, which is made anew each time where it does not fit.
    private const string Settings = "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET TRANSACTION READ ONLY";

    /// <summary>Counts what is stored.</summary>
    /// <param name="trainId">The train; null for all.</param>
    /// <param name="cancellationToken">Stops the counting.</param>
    public async Task<ConversationReport> AnalyzeAsync(
        string? trainId = null, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var trains = await db.Database.CreateExecutionStrategy().ExecuteAsync(
            token => ReadAsync(db, trainId, token), cancellationToken);
        return new(trains, Total(trains));
    }

    private static async Task<List<TrainConversations>> ReadAsync(
        NexusDbContext db, string? trainId, CancellationToken cancellationToken)
    {
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.ExecuteAsync(Settings, [], cancellationToken);
        return await db.ReadAsync(Statement, [DbCommands.Text("train", trainId)], ReadAsync, cancellationToken);
    }

    private static async Task<List<TrainConversations>> ReadAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var trains = new List<TrainConversations>();
        while (await reader.ReadAsync(cancellationToken))
        {
            trains.Add(new()
            {
                TrainId = reader.GetString(0),
                Requests = reader.GetInt64(1),
                WithHashes = reader.GetInt64(2),
                Conversations = reader.GetInt64(3),
                Branches = reader.GetInt64(4),
                Chains = reader.GetInt64(5),
                BranchPoints = reader.GetInt64(6),
                Orphans = reader.GetInt64(7),
                Subtasks = reader.GetInt64(8),
                Continuations = reader.GetInt64(9),
                Retries = reader.GetInt64(10),
                Deferred = reader.GetInt64(11),
                Unlinked = reader.GetInt64(12),
                LongestChain = reader.GetInt32(13),
                LargestFanOut = reader.GetInt64(14),
            });
        }

        return trains;
    }

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
