namespace Nexus.Data.Conversations;

/// <summary>
/// The look-up of linking, as SQL. One statement a request: what it may hang on, and who may hang on it.
/// </summary>
/// <remarks>
/// Every probe is an index scan that ends at its first row. COALESCE asks its arguments in order and only as far as it
/// must, so that the longest beginning is probed first and the others only where it misses.
/// </remarks>
internal static class LinkStatements
{
    public const string Savepoint = "SAVEPOINT nexus_link";

    public const string Undo = "ROLLBACK TO SAVEPOINT nexus_link";

    /// <summary>Takes the locks, and has the look-up planned once and by indexes: a plan that was made while the table was
    /// empty would read all of it when it is full, and planning anew takes longer than the look-up.</summary>
    public const string Lock =
        """
        SELECT pg_try_advisory_xact_lock_shared(@train_lock),
               (SELECT count(pg_advisory_xact_lock(key)) FROM unnest(@locks) AS key),
               set_config('nexus.enable_seqscan', current_setting('enable_seqscan'), true),
               set_config('nexus.plan_cache_mode', current_setting('plan_cache_mode'), true),
               set_config('enable_seqscan', 'off', true),
               set_config('plan_cache_mode', 'force_generic_plan', true)
        """;

    /// <summary>Gives the transaction its own settings back.</summary>
    public const string Restore =
        """
        SELECT set_config('enable_seqscan', current_setting('nexus.enable_seqscan'), true),
               set_config('plan_cache_mode', current_setting('nexus.plan_cache_mode'), true)
        """;

    public const string LockAll = "SELECT count(pg_advisory_xact_lock(key)) FROM unnest(@keys) AS key";

    private const string Columns =
        """
        r.request_id, r."timestamp", r.conversation_id, r.branch_id, r.parent_request_id, r.parent_task_request_id,
        r.is_subtask, r.link_distance, r.retry_of_request_id, r.link_kind, r.current_message_hash, r.answer_hash,
        CASE WHEN r.link_version IS NULL THEN r.system_hash IS NOT DISTINCT FROM @system
             ELSE r.stable_system_hash IS NOT DISTINCT FROM @stable_system END
        """;

    // The roles of the rows that come back, and what their number column holds.
    public const string Parent = "parent"; // the beginning, from 1
    public const string FailedRetry = "failed"; // 0
    public const string Retry = "retry"; // 0
    public const string Task = "task"; // the tool use's ordinal
    public const string Waiting = "waiting"; // why: a WaitReason
    public const string Again = "again"; // 0

    private const string Earlier = "r.train_id = @train AND r.\"timestamp\" <= @time AND r.request_id <> @id";

    /// <summary>The best parent by messages. Asked of requests with a beginning.</summary>
    public const string FindParent =
        $"""
        SELECT 'parent' AS role, hit.place / 2 AS number,
               (SELECT count(*) FROM (
                    SELECT FROM api_requests r WHERE {Earlier} AND r.link_hash = hit.hash LIMIT 100) same) AS candidates,
               (SELECT bool_or(true) FROM (
                    SELECT FROM (
                        SELECT r.request_id
                        UNION ALL SELECT r.retry_of_request_id WHERE r.retry_of_request_id IS NOT NULL
                        UNION ALL SELECT again.request_id FROM api_requests again
                            WHERE again.retry_of_request_id = coalesce(r.retry_of_request_id, r.request_id)) family,
                        LATERAL (
                            SELECT FROM api_requests child
                            WHERE child.parent_request_id = family.request_id AND child.branch_id = r.branch_id
                              AND child.claims_branch IS NOT FALSE AND child.request_id <> @id
                            LIMIT 1) taker
                    LIMIT 1) taken) AS taken,
               {Columns}
        FROM (
            SELECT place, (@prefixes)[place / 2] AS hash, (@compatible)[place / 2]::character(64) AS compatible,
                   sha256((@prefixes)[place / 2] || (@nexts)[place / 2]) AS answered
            FROM (SELECT coalesce(
                (SELECT 2 FROM api_requests r WHERE {Earlier} AND r.link_hash = (@prefixes)[1] LIMIT 1),
                (SELECT min(place) FROM (
                    (SELECT 2 * p.n::int AS place FROM unnest(@prefixes) WITH ORDINALITY p (hash, n), LATERAL (
                        SELECT FROM api_requests r WHERE {Earlier} AND r.link_hash = p.hash LIMIT 1) found
                     ORDER BY p.n LIMIT 1)
                    UNION ALL
                    (SELECT 2 * p.n::int + 1 FROM unnest(@compatible) WITH ORDINALITY p (hash, n), LATERAL (
                        SELECT FROM api_requests r
                        WHERE {Earlier} AND r.current_message_hash = p.hash::character(64) AND r.link_hash IS NULL
                        LIMIT 1) found
                     ORDER BY p.n LIMIT 1)) nearest)) AS place OFFSET 0) asked
            WHERE place IS NOT NULL
            OFFSET 0) hit,
        LATERAL (SELECT CASE hit.place % 2 WHEN 0 THEN coalesce(
            (SELECT r.request_id FROM api_requests r
             WHERE {Earlier} AND r.answer_hash = hit.answered
               AND r.stable_system_hash IS NOT DISTINCT FROM @stable_system
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE {Earlier} AND r.answer_hash = hit.answered
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE {Earlier} AND r.link_hash = hit.hash AND r.stable_system_hash IS NOT DISTINCT FROM @stable_system
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE {Earlier} AND r.link_hash = hit.hash
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1))
        ELSE coalesce(
            (SELECT r.request_id FROM api_requests r
             WHERE {Earlier} AND r.current_message_hash = hit.compatible AND r.link_hash IS NULL
               AND r.system_hash IS NOT DISTINCT FROM @system
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE {Earlier} AND r.current_message_hash = hit.compatible AND r.link_hash IS NULL
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1))
        END AS request_id OFFSET 0) best,
        api_requests r
        WHERE r.request_id = best.request_id
        """;

    private const string Failed =
        """
        (r.error IS NOT NULL OR r.response_status NOT BETWEEN 200 AND 299)
        AND coalesce(r.completed_at, r."timestamp" + r.duration_ms * interval '1 millisecond', r."timestamp") <= @time
        """;

    private const string Silent =
        """
        (r.error IS NULL AND r.response_status IS NULL AND r.response_body IS NULL
         OR coalesce(r.completed_at, r."timestamp" + r.duration_ms * interval '1 millisecond', r."timestamp") > @time)
        AND r.user_id_hash = @user
        """;

    private const string SameBody =
        $"""
        {Earlier} AND r.link_hash = @own AND r.stable_system_hash IS NOT DISTINCT FROM @stable_system
        AND r.model IS NOT DISTINCT FROM @model
        """;

    /// <summary>The first of those that an opening repeats after a failure, or into silence.</summary>
    public const string FindRetriedOpening =
        $"""
        SELECT first.role, 0, 1::bigint, NULL::boolean, {Columns}
        FROM (
            SELECT CASE WHEN {Failed} THEN 'failed' ELSE 'retry' END AS role,
                   coalesce(r.retry_of_request_id, r.request_id) AS request_id
            FROM api_requests r
            WHERE {SameBody} AND r."timestamp" >= @recent AND ({Failed} OR {Silent})
            ORDER BY 1, r."timestamp" DESC, r.request_id DESC
            LIMIT 1) first,
        api_requests r
        WHERE r.request_id = first.request_id
        """;

    /// <summary>The first of those that a request of several messages repeats.</summary>
    public const string FindRetriedTurn =
        $"""
        SELECT 'failed', 0, 1::bigint, NULL::boolean, {Columns}
        FROM (
            SELECT coalesce(r.retry_of_request_id, r.request_id) AS request_id
            FROM api_requests r
            WHERE {SameBody}
              AND (r.parent_request_id IS NOT NULL OR r."timestamp" >= @recent AND ({Failed} OR {Silent}))
            ORDER BY r."timestamp" DESC, r.request_id DESC
            LIMIT 1) first,
        api_requests r
        WHERE r.request_id = first.request_id
        """;

    /// <summary>The newest tool use with this prompt that opened no sub-task yet; a few more, should the tracker have
    /// given some away.</summary>
    public const string FindTask =
        $"""
        SELECT 'task', task.ordinal, 1::bigint, NULL::boolean, {Columns}
        FROM (
            SELECT prompt.request_id, prompt.ordinal
            FROM task_prompts prompt
            WHERE prompt.train_id = @train AND prompt.prompt_hash = @text AND prompt.subtask_request_id IS NULL
              AND prompt."timestamp" BETWEEN @task_since AND @time AND prompt.request_id <> @id
            ORDER BY prompt."timestamp" DESC, prompt.request_id DESC, prompt.ordinal
            LIMIT @given_away + 1) task,
        api_requests r
        WHERE r.request_id = task.request_id
        """;

    /// <summary>Who, from now on, waits for what this request or its answer shows.</summary>
    public const string FindWaiting =
        $"""
        SELECT 'waiting', waiting.reason, 1::bigint, NULL::boolean, {Columns}
        FROM (
            SELECT wait.request_id, max(shown.reason) AS reason
            FROM unnest(@shown, @until, @reasons) AS shown (key, until, reason),
            LATERAL (
                SELECT w.request_id FROM link_waits w
                WHERE w.train_id = @train AND w.key = shown.key AND w."timestamp" BETWEEN @time AND shown.until
                  AND w.request_id <> @id) wait
            GROUP BY wait.request_id) waiting,
        api_requests r
        WHERE r.request_id = waiting.request_id
          AND (waiting.reason <> 2 OR r.link_kind = 'subtask' AND r."timestamp" > @time)
        """;

    /// <summary>Who sent the same again within the time in which it may have been a retry.</summary>
    public const string FindAgain =
        $"""
        SELECT 'again', 0, 1::bigint, NULL::boolean, {Columns}
        FROM api_requests r
        WHERE r.train_id = @train AND r.link_hash = @own AND r."timestamp" BETWEEN @time AND @again_until
          AND r.request_id <> @id AND (r.link_kind = 'root' OR r.retry_of_request_id = @id)
        """;

    /// <summary>Answers that begin like the summary, newest first, with their bodies.</summary>
    public const string FindSummaries =
        $"""
        SELECT 'summary', 0, 1::bigint, NULL::boolean, {Columns}, r.response_body, r.response_body_original
        FROM summary_keys key, api_requests r
        WHERE key.train_id = @train AND key.key = @summary AND key."timestamp" BETWEEN @summary_since AND @time
          AND key.request_id <> @id AND r.request_id = key.request_id
        ORDER BY key."timestamp" DESC, key.request_id DESC
        LIMIT 5 OFFSET @summaries_seen
        """;

    /// <summary>Where a request stands by now.</summary>
    public const string FindPlace = "SELECT conversation_id, branch_id FROM api_requests WHERE request_id = @id";

    /// <summary>The first number at which a name is free, of all that stand in the conversation.</summary>
    public const string FindFreeName =
        """
        SELECT n FROM (SELECT generate_series(1, 1000000) AS n) numbers
        WHERE NOT EXISTS (
            SELECT FROM api_requests r
            WHERE r.conversation_id = @conversation
              AND r.branch_id = CASE n WHEN 1 THEN @name ELSE @name || '_' || n END)
          AND CASE n WHEN 1 THEN @name ELSE @name || '_' || n END <> ALL (@given)
        LIMIT 1
        """;

    // As the index has it that serves the look-up.
    private const string SubtaskNumber = "substring(branch_id from '^subtask_([0-9]{1,9})$')::integer";

    /// <summary>The highest number of a sub-task's branch in the conversation.</summary>
    public const string FindLastSubtask =
        $"""
        SELECT {SubtaskNumber} FROM api_requests
        WHERE conversation_id = @conversation AND branch_id LIKE 'subtask_%' AND {SubtaskNumber} IS NOT NULL
        ORDER BY {SubtaskNumber} DESC
        LIMIT 1
        """;

    /// <summary>Whether a tool use is still without a sub-task.</summary>
    public const string FindTaskIsFree =
        "SELECT subtask_request_id IS NULL FROM task_prompts WHERE request_id = @task AND ordinal = @ordinal";

    private const string Hanging =
        """
        WITH RECURSIVE hanging (request_id, is_own) AS (
            SELECT @id, true
            UNION
            SELECT below.request_id, hanging.is_own AND below.link_kind IS DISTINCT FROM 'subtask'
            FROM hanging, LATERAL (
                SELECT child.request_id, child.link_kind FROM api_requests child
                WHERE child.parent_request_id = hanging.request_id
                UNION ALL
                SELECT again.request_id, again.link_kind FROM api_requests again
                WHERE again.retry_of_request_id = hanging.request_id) below
        )
        """;

    /// <summary>The branches of all that hangs on a request, with the time at which each begins there.</summary>
    public const string FindHangingBranches =
        $"""
        {Hanging}
        SELECT r.conversation_id, r.branch_id, min(r."timestamp")
        FROM hanging JOIN api_requests r USING (request_id)
        WHERE r.request_id <> @id
        GROUP BY 1, 2
        ORDER BY 3, 2
        """;

    /// <summary>Moves all that hangs on a request, the request left out, into a conversation and onto its branches; the
    /// request's own turns take its sub-task.</summary>
    public const string MoveHanging =
        $"""
        {Hanging}
        UPDATE api_requests r
        SET conversation_id = @conversation,
            branch_id = coalesce(
                (SELECT m.after FROM unnest(@before, @after) AS m (before, after) WHERE m.before = r.branch_id), r.branch_id),
            is_subtask = CASE WHEN hanging.is_own THEN @is_subtask ELSE r.is_subtask END,
            parent_task_request_id = CASE WHEN hanging.is_own THEN @parent_task ELSE r.parent_task_request_id END
        FROM (SELECT request_id, bool_and(is_own) AS is_own FROM hanging GROUP BY 1) hanging
        WHERE r.request_id = hanging.request_id AND r.request_id <> @id
        """;

    /// <summary>The retries of a request that turned out to be a retry itself name the first of their kind.</summary>
    public const string MoveRetries =
        "UPDATE api_requests SET retry_of_request_id = @first WHERE retry_of_request_id = @id";

    // The analyses of branches that moved as a whole, beside those that stand where they go.
    private const string MovedAnalyses =
        """
        SELECT analysis.id, map.after,
               row_number() OVER (PARTITION BY map.after ORDER BY (analysis.status = 'completed') DESC,
                                  analysis.completed_at DESC NULLS LAST, analysis.id DESC) AS place
        FROM unnest(@before, @after) AS map (before, after)
        JOIN conversation_analyses analysis
          ON (analysis.conversation_id = @from AND analysis.branch_id = map.before
              AND NOT EXISTS (SELECT FROM api_requests r
                              WHERE r.conversation_id = @from AND r.branch_id = map.before AND r.request_id <> @id))
          OR (analysis.conversation_id = @conversation AND analysis.branch_id = map.after)
        """;

    /// <summary>Of two analyses of one branch, the newest completed one stays.</summary>
    public const string DropClashingAnalyses =
        $"DELETE FROM conversation_analyses a USING ({MovedAnalyses}) moved WHERE a.id = moved.id AND moved.place > 1";

    /// <summary>Analyses follow the branches that moved as a whole.</summary>
    public const string MoveAnalyses =
        $"""
        UPDATE conversation_analyses a SET conversation_id = @conversation, branch_id = moved.after
        FROM ({MovedAnalyses}) moved
        WHERE a.id = moved.id AND (a.conversation_id, a.branch_id) IS DISTINCT FROM (@conversation, moved.after)
        """;
}
