using Nexus.Data.Persistence;

namespace Nexus.Data.Totals;

/// <summary>The statements that keep totals true.</summary>
/// <remarks>
/// Whoever writes requests writes their totals at the end of the same transaction: first the rows of conversations, in the order
/// of their keys, which are the locks of all that is counted of these; then branches; then hours. What can be added and taken
/// away is changed by what changed. Where requests went to another conversation, or went, the conversation is counted anew: by
/// a statement whose snapshot is younger than the lock, so that it sees what others committed before.
/// </remarks>
internal static class TotalsStatements
{
    /// <summary>Conversations that are counted anew, as arrays.</summary>
    public const string GivenKeys = "unnest(@counted_trains, @counted_conversations) AS key (train_id, conversation_id)";

    /// <summary>Conversations that are counted anew, in a temporary table.</summary>
    public const string StagedKeys = "counted_conversations AS key";

    private const string Failed = "(r.error IS NOT NULL OR r.response_status NOT BETWEEN 200 AND 299)";

    private const string Sums =
        """
        sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
        sum(cache_creation_input_tokens)::bigint AS cache_creation_input_tokens,
        sum(cache_read_input_tokens)::bigint AS cache_read_input_tokens, sum(tool_call_count)::bigint AS tool_call_count
        """;

    /// <summary>What a request adds to totals, of api_requests as r.</summary>
    public const string Values =
        $"""
        1 AS request_count, (r.is_subtask IS TRUE)::integer AS subtask_count,
        (r.retry_of_request_id IS NOT NULL)::integer AS retry_count, ({Failed} IS TRUE)::integer AS failed_count,
        coalesce(r.message_count, 0) AS message_count, coalesce(r.input_tokens, 0) AS input_tokens,
        coalesce(r.output_tokens, 0) AS output_tokens,
        coalesce(r.cache_creation_input_tokens, 0) AS cache_creation_input_tokens,
        coalesce(r.cache_read_input_tokens, 0) AS cache_read_input_tokens, coalesce(r.tool_call_count, 0) AS tool_call_count,
        coalesce(r.duration_ms, 0) AS duration_ms, (r.duration_ms IS NOT NULL)::integer AS timed_count
        """;

    private const string ValueNames =
        """
        request_count, subtask_count, retry_count, failed_count, message_count, input_tokens, output_tokens,
        cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, duration_ms, timed_count
        """;

    // What a request that was stored before has more, or less, than it had.
    private const string Changes =
        """
        0, 0, 0, d.failed_count, 0, d.input_tokens, d.output_tokens, d.cache_creation_input_tokens,
        d.cache_read_input_tokens, d.tool_call_count, d.duration_ms, d.timed_count
        """;

    private const string ChangedRequests =
        """
        unnest(@told, @told_failed, @told_input, @told_output, @told_creation, @told_read, @told_tools, @told_duration, @told_timed)
            AS d (request_id, failed_count, input_tokens, output_tokens, cache_creation_input_tokens,
                  cache_read_input_tokens, tool_call_count, duration_ms, timed_count)
        JOIN api_requests r ON r.request_id = d.request_id
        """;

    private const string Branch = "coalesce(r.branch_id, 'main')";

    private const string BranchKey =
        $"""
        r.train_id, r.conversation_id, {Branch} AS branch_id, coalesce(r.account_id, '') AS account_id,
        coalesce(r.model, '') AS model, r."timestamp", r.request_id
        """;

    private const string BranchColumns =
        """
        train_id, conversation_id, branch_id, account_id, model, request_count, subtask_count, retry_count, failed_count,
        message_count, input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, tool_call_count,
        first_at, last_at, latest_request_id
        """;

    private const string BranchTotals =
        $"""
        train_id, conversation_id, branch_id, account_id, model, sum(request_count)::integer AS request_count,
        sum(subtask_count)::integer AS subtask_count, sum(retry_count)::integer AS retry_count,
        sum(failed_count)::integer AS failed_count, max(message_count) AS message_count, {Sums},
        min("timestamp") AS first_at, max("timestamp") AS last_at,
        (array_agg(request_id ORDER BY "timestamp" DESC, request_id DESC))[1] AS latest_request_id
        """;

    // By the names that branches are given; an underscore stands for itself.
    private const string IsFork =
        """(branch_id <> 'main' AND branch_id NOT LIKE 'subtask\_%' AND branch_id NOT LIKE 'compact\_%')""";

    private const string HourKey =
        """
        r.train_id, date_trunc('hour', r."timestamp", 'UTC') AS hour, coalesce(r.account_id, '') AS account_id,
        coalesce(r.model, '') AS model, coalesce(r.request_type, '') AS request_type
        """;

    private const string HourColumns =
        """
        train_id, hour, account_id, model, request_type, slot, request_count, failed_count, input_tokens, output_tokens,
        cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, duration_ms, timed_count
        """;

    private const string HourTotals =
        $"""
        sum(request_count)::integer AS request_count, sum(failed_count)::integer AS failed_count, {Sums},
        sum(duration_ms)::bigint AS duration_ms, sum(timed_count)::integer AS timed_count
        """;

    // Keeps a condition out of a subquery: where nothing is known yet of conversations that a rebuild has just found, one that
    // they are there would have all of them read, by the index that has only these.
    private const string ByKey = "OFFSET 0";

    // As many rows an hour as make it rare that two calls of one moment meet in one.
    private const string Slot = "(pg_backend_pid() % 8)::smallint";

    private const string AddUpHours =
        """
        ON CONFLICT (train_id, hour, account_id, model, request_type, slot) DO UPDATE
        SET request_count = t.request_count + excluded.request_count, failed_count = t.failed_count + excluded.failed_count,
            input_tokens = t.input_tokens + excluded.input_tokens, output_tokens = t.output_tokens + excluded.output_tokens,
            cache_creation_input_tokens = t.cache_creation_input_tokens + excluded.cache_creation_input_tokens,
            cache_read_input_tokens = t.cache_read_input_tokens + excluded.cache_read_input_tokens,
            tool_call_count = t.tool_call_count + excluded.tool_call_count, duration_ms = t.duration_ms + excluded.duration_ms,
            timed_count = t.timed_count + excluded.timed_count
        """;

    /// <summary>Has the statements that follow planned once for all: to plan one of them takes some times as long as to run it, and
    /// arrays of one element look cheaper each time. By indexes, also where nothing is known yet of the tables' sizes.</summary>
    public const string PlanOnce =
        """
        SELECT set_config('nexus.plan_cache_mode', current_setting('plan_cache_mode'), true),
               set_config('nexus.enable_seqscan', current_setting('enable_seqscan'), true),
               set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true);

        """;

    /// <summary>Has statements planned as before.</summary>
    public const string PlanAsBefore =
        """
        SELECT set_config('plan_cache_mode', current_setting('nexus.plan_cache_mode'), true),
               set_config('enable_seqscan', current_setting('nexus.enable_seqscan'), true)
        """;

    /// <summary>Locks the conversations of all that was written, in one order, and takes in those that are new.</summary>
    /// <param name="counts">Whether some are counted anew.</param>
    public static string LockConversations(bool counts)
        => $"""
        INSERT INTO conversation_totals AS t (train_id, conversation_id, first_at, last_at, has_subtasks, has_forks)
        SELECT train_id, conversation_id, min(first_at), max(last_at), bool_or(has_subtasks), bool_or({IsFork})
        FROM ((SELECT r.train_id, r.conversation_id, r."timestamp" AS first_at, r."timestamp" AS last_at,
                      r.is_subtask IS TRUE AS has_subtasks, {Branch} AS branch_id
               FROM api_requests r WHERE r.request_id = ANY (@added || @told) {ByKey})
              {(counts ? $"UNION ALL SELECT {NotYetCounted}, false, 'main' FROM {GivenKeys}" : "")}) written
        WHERE conversation_id IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (train_id, conversation_id) DO UPDATE
        SET first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
            has_subtasks = t.has_subtasks OR excluded.has_subtasks, has_forks = t.has_forks OR excluded.has_forks;

        """;

    /// <summary>Adds what was written to its branches.</summary>
    /// <param name="counts">Whether some conversations are counted anew: these are left to that.</param>
    public static string AddToBranches(bool counts)
        => $"""
        INSERT INTO branch_totals AS t ({BranchColumns})
        SELECT {BranchTotals}
        FROM ((SELECT {BranchKey}, {Values} FROM api_requests r WHERE r.request_id = ANY (@added) {ByKey})
              UNION ALL
              (SELECT {BranchKey}, {Changes} FROM {ChangedRequests} {ByKey})) written
        WHERE conversation_id IS NOT NULL
        {(counts ? $"AND (train_id, conversation_id) NOT IN (SELECT key.train_id, key.conversation_id FROM {GivenKeys})" : "")}
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (train_id, conversation_id, branch_id, account_id, model) DO UPDATE
        SET request_count = t.request_count + excluded.request_count,
            subtask_count = t.subtask_count + excluded.subtask_count,
            retry_count = t.retry_count + excluded.retry_count, failed_count = t.failed_count + excluded.failed_count,
            message_count = greatest(t.message_count, excluded.message_count),
            input_tokens = t.input_tokens + excluded.input_tokens, output_tokens = t.output_tokens + excluded.output_tokens,
            cache_creation_input_tokens = t.cache_creation_input_tokens + excluded.cache_creation_input_tokens,
            cache_read_input_tokens = t.cache_read_input_tokens + excluded.cache_read_input_tokens,
            tool_call_count = t.tool_call_count + excluded.tool_call_count,
            first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
            latest_request_id = CASE WHEN (excluded.last_at, excluded.latest_request_id) > (t.last_at, t.latest_request_id)
                                     THEN excluded.latest_request_id ELSE t.latest_request_id END;

        """;

    /// <summary>Adds what was written to its hours. Last, for many wait for these rows.</summary>
    /// <param name="takes">Whether requests are taken out of their hours, too.</param>
    public static string AddToHours(bool takes)
        => $"""
        INSERT INTO hourly_totals AS t ({HourColumns})
        SELECT train_id, hour, account_id, model, request_type, {Slot}, {HourTotals}
        FROM (SELECT {HourKey}, {Values} FROM api_requests r WHERE r.request_id = ANY (@added_to_hours)
              UNION ALL
              SELECT {HourKey}, {Changes} FROM {ChangedRequests}
              {(takes ? $"UNION ALL SELECT g.train_id, g.hour, g.account_id, g.model, g.request_type, {Taken} FROM {TakenHours}" : "")}
             ) written
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        {AddUpHours};

        """;

    // What a request took along.
    private const string Taken =
        """
        -1, 0, 0, -g.failed_count, 0, -g.input_tokens, -g.output_tokens, -g.cache_creation_input_tokens,
        -g.cache_read_input_tokens, -g.tool_call_count, -g.duration_ms, -g.timed_count
        """;

    private const string TakenHours =
        """
        unnest(@taken_trains, @taken_hours, @taken_accounts, @taken_models, @taken_types, @taken_failed, @taken_input,
               @taken_output, @taken_creation, @taken_read, @taken_tools, @taken_duration, @taken_timed)
            AS g (train_id, hour, account_id, model, request_type, failed_count, input_tokens, output_tokens,
                  cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, duration_ms, timed_count)
        """;

    /// <summary>Requests as they are stored, held until the transaction ends: what others did to them is seen.</summary>
    public const string Hold =
        $"""
        SELECT r.train_id, r.conversation_id, r.hour, r.account_id, r.model, r.request_type, r.failed_count, r.input_tokens,
               r.output_tokens, r.cache_creation_input_tokens, r.cache_read_input_tokens, r.tool_call_count, r.duration_ms,
               r.timed_count, r.request_id
        FROM (SELECT {HourKey}, {Values}, r.conversation_id, r.request_id FROM api_requests r
              WHERE r.request_id = ANY (@ids) ORDER BY r.request_id FOR UPDATE) r
        """;

    /// <summary>Where statements that change many requests note whose conversations they change, and which requests leave their
    /// hours.</summary>
    public const string Stage =
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS counted_conversations (train_id text, conversation_id uuid) ON COMMIT DROP;
        CREATE TEMPORARY TABLE IF NOT EXISTS taken_requests (
            request_id uuid, train_id text, hour timestamptz, account_id text, model text, request_type text,
            request_count bigint, subtask_count bigint, retry_count bigint, failed_count bigint, message_count bigint,
            input_tokens bigint, output_tokens bigint, cache_creation_input_tokens bigint, cache_read_input_tokens bigint,
            tool_call_count bigint, duration_ms bigint, timed_count bigint) ON COMMIT DROP;
        TRUNCATE counted_conversations, taken_requests;

        """;

    /// <summary>Holds requests and notes what they count for, before they go or change their account, model or type.</summary>
    /// <param name="from">Tables, api_requests as r among them, and the condition.</param>
    public static string Take(string from)
        => $"""
        INSERT INTO taken_requests SELECT * FROM (SELECT r.request_id, {HourKey}, {Values} FROM {from} FOR UPDATE OF r) taken;

        """;

    /// <summary>Counts the noted conversations anew, and takes the noted requests out of their hours, and into those where they
    /// are now.</summary>
    public static readonly string CountStaged =
        $"""
        ANALYZE counted_conversations;
        {Lock(StagedKeys)}
        {Count(StagedKeys)}
        INSERT INTO hourly_totals AS t ({HourColumns})
        SELECT train_id, hour, account_id, model, request_type, {Slot}, {HourTotals}
        FROM (SELECT g.train_id, g.hour, g.account_id, g.model, g.request_type, {Taken} FROM taken_requests g
              UNION ALL
              SELECT {HourKey}, {Values} FROM taken_requests g JOIN api_requests r ON r.request_id = g.request_id) written
              (train_id, hour, account_id, model, request_type, {ValueNames})
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        {AddUpHours};

        """;

    /// <summary>Counts conversations anew that are locked. What has no request any more goes.</summary>
    public static string Count(string keys)
        => $"""
        DELETE FROM branch_totals t USING {keys}
        WHERE t.train_id = key.train_id AND t.conversation_id = key.conversation_id;
        INSERT INTO branch_totals ({BranchColumns})
        SELECT {BranchTotals}
        FROM (SELECT {BranchKey}, {Values}
              FROM {keys} JOIN api_requests r ON r.conversation_id = key.conversation_id AND r.train_id = key.train_id) counted
        GROUP BY 1, 2, 3, 4, 5;
        UPDATE conversation_totals t
        SET first_at = counted.first_at, last_at = counted.last_at, has_subtasks = counted.has_subtasks,
            has_forks = counted.has_forks
        FROM (SELECT {ConversationTotals}
              FROM branch_totals b JOIN {keys} ON b.train_id = key.train_id AND b.conversation_id = key.conversation_id
              GROUP BY 1, 2) counted
        WHERE t.train_id = counted.train_id AND t.conversation_id = counted.conversation_id;
        DELETE FROM conversation_totals t USING {keys}
        WHERE t.train_id = key.train_id AND t.conversation_id = key.conversation_id
          AND NOT EXISTS (SELECT FROM branch_totals b
                          WHERE b.train_id = key.train_id AND b.conversation_id = key.conversation_id);

        """;

    /// <summary>Counts given conversations anew.</summary>
    public static readonly string CountGiven = Lock(GivenKeys) + Count(GivenKeys);

    /// <summary>All trains that have requests or totals, by as many index probes.</summary>
    public static readonly string FindTrains =
        $"SELECT id FROM ({DistinctTrains.In("api_requests")} UNION {DistinctTrains.In("conversation_totals")} UNION {DistinctTrains.In("hourly_totals")}) train ORDER BY id";

    /// <summary>From which hour on a train's newest requests are looked at, where not all are: that of the first which is not among
    /// them.</summary>
    public const string FindNewestHour =
        """
        SELECT date_trunc('hour', r."timestamp", 'UTC') FROM api_requests r WHERE r.train_id = @train
        ORDER BY r."timestamp" DESC, r.request_id DESC OFFSET @newest LIMIT 1
        """;

    /// <summary>A train's conversations whose totals are not what a count gives.</summary>
    /// <param name="onlyNewest">Whether only those count in which something happened since an hour.</param>
    public static string FindWrongConversations(bool onlyNewest)
    {
        var those = onlyNewest ? "AND conversation_id IN (SELECT conversation_id FROM newest)" : "";
        return $"""
        WITH newest AS (
            SELECT conversation_id FROM api_requests
            WHERE train_id = @train AND "timestamp" >= @from AND conversation_id IS NOT NULL
            UNION
            SELECT conversation_id FROM conversation_totals WHERE train_id = @train AND last_at >= @from),
        counted AS MATERIALIZED (
            SELECT {BranchTotals}
            FROM (SELECT {BranchKey}, {Values} FROM api_requests r
                  WHERE r.train_id = @train AND r.conversation_id IS NOT NULL {those}) request
            GROUP BY 1, 2, 3, 4, 5),
        branches AS (SELECT {BranchColumns} FROM branch_totals WHERE train_id = @train {those}),
        conversations AS (
            SELECT train_id, conversation_id, first_at, last_at, has_subtasks, has_forks FROM conversation_totals
            WHERE train_id = @train {those}),
        of_counted AS (SELECT {ConversationTotals} FROM counted b GROUP BY 1, 2)
        SELECT conversation_id FROM (SELECT {BranchColumns} FROM counted EXCEPT ALL SELECT * FROM branches) missing
        UNION
        SELECT conversation_id FROM (SELECT * FROM branches EXCEPT ALL SELECT {BranchColumns} FROM counted) wrong
        UNION
        SELECT conversation_id FROM (SELECT * FROM of_counted EXCEPT ALL SELECT * FROM conversations) missing
        UNION
        SELECT conversation_id FROM (SELECT * FROM conversations EXCEPT ALL SELECT * FROM of_counted) wrong
        """;
    }

    /// <summary>The rows of hours that requests add up to, one for each.</summary>
    /// <param name="requests">Rows of api_requests: a table, or a query in parentheses.</param>
    public static string CountHours(string requests)
        => $"""
        SELECT train_id, hour, account_id, model, request_type, 0::smallint AS slot, {HourTotals}
        FROM (SELECT {HourKey}, {Values} FROM {requests} r) counted
        GROUP BY 1, 2, 3, 4, 5
        """;

    // What is missing of a train's hours since one of them, as of one moment. What others write meanwhile, they add to both sides.
    private const string WrongHours =
        $"""
        SELECT train_id, hour, account_id, model, request_type, {Slot} AS slot, {HourTotals}
        FROM (SELECT {HourKey}, {Values} FROM api_requests r WHERE r.train_id = @train AND r."timestamp" >= @from
              UNION ALL
              SELECT g.train_id, g.hour, g.account_id, g.model, g.request_type, -g.request_count, 0, 0, -g.failed_count, 0,
                     -g.input_tokens, -g.output_tokens, -g.cache_creation_input_tokens, -g.cache_read_input_tokens,
                     -g.tool_call_count, -g.duration_ms, -g.timed_count
              FROM hourly_totals g WHERE g.train_id = @train AND g.hour >= @from) hours
        GROUP BY 1, 2, 3, 4, 5
        HAVING NOT {AddsUpToNothing}
        """;

    // Whether nothing is left of what is added up.
    private const string AddsUpToNothing =
        """
        ((sum(request_count), sum(failed_count), sum(input_tokens), sum(output_tokens), sum(cache_creation_input_tokens),
          sum(cache_read_input_tokens), sum(tool_call_count), sum(duration_ms), sum(timed_count))
         = (0, 0, 0, 0, 0, 0, 0, 0, 0))
        """;

    /// <summary>How many of a train's hours are not what a count gives.</summary>
    public const string CountWrongHours = $"SELECT count(*) FROM ({WrongHours}) wrong";

    /// <summary>Adds what is missing of a train's hours.</summary>
    public const string MendHours = $"INSERT INTO hourly_totals AS t ({HourColumns}) {WrongHours} ORDER BY 1, 2, 3, 4, 5 {AddUpHours}";

    /// <summary>Removes a train's hours in which nothing is left.</summary>
    public const string RemoveEmptyHours =
        $"""
        WITH held AS MATERIALIZED (
            SELECT t.*
            FROM (SELECT train_id, hour, account_id, model, request_type FROM hourly_totals WHERE train_id = @train
                  GROUP BY 1, 2, 3, 4, 5 HAVING {AddsUpToNothing}) k
            JOIN hourly_totals t USING (train_id, hour, account_id, model, request_type) FOR UPDATE OF t SKIP LOCKED)
        {RemoveEmpty}
        """;

    /// <summary>Removes the hours of the noted requests, where nothing is left in them.</summary>
    public const string RemoveStagedEmptyHours =
        $"""
        WITH held AS MATERIALIZED (
            SELECT t.*
            FROM (SELECT DISTINCT train_id, hour, account_id, model, request_type FROM taken_requests) k
            CROSS JOIN LATERAL (
                SELECT t.* FROM hourly_totals t
                WHERE t.train_id = k.train_id AND t.hour = k.hour AND t.account_id = k.account_id AND t.model = k.model
                  AND t.request_type = k.request_type FOR UPDATE SKIP LOCKED) t)
        {RemoveEmpty}
        """;

    // Rows that add up to nothing may go, also where others of the same hour are held by somebody and stay.
    private const string RemoveEmpty =
        $"""
        DELETE FROM hourly_totals t USING held h
        WHERE (t.train_id, t.hour, t.account_id, t.model, t.request_type, t.slot)
              = (h.train_id, h.hour, h.account_id, h.model, h.request_type, h.slot)
          AND (h.train_id, h.hour, h.account_id, h.model, h.request_type) IN (
            SELECT train_id, hour, account_id, model, request_type FROM held
            GROUP BY 1, 2, 3, 4, 5 HAVING {AddsUpToNothing});

        """;

    public const string LockRepair = "SELECT pg_advisory_xact_lock(hashtextextended('nexus-totals/' || @train, 0))";

    private static string Lock(string keys)
        => $"""
        INSERT INTO conversation_totals AS t (train_id, conversation_id, first_at, last_at, has_subtasks, has_forks)
        SELECT {NotYetCounted}, false, false FROM {keys} ORDER BY 1, 2
        ON CONFLICT (train_id, conversation_id) DO UPDATE SET first_at = t.first_at;

        """;

    // A conversation until it is counted.
    private const string NotYetCounted =
        "key.train_id, key.conversation_id, 'infinity'::timestamptz, '-infinity'::timestamptz";

    private const string ConversationTotals =
        $"""
        b.train_id, b.conversation_id, min(b.first_at) AS first_at, max(b.last_at) AS last_at,
        bool_or(b.subtask_count > 0) AS has_subtasks, bool_or({IsFork}) AS has_forks
        """;
}
