namespace Nexus.Data.Conversations;

/// <summary>The statements of linking. The look-up itself is two functions of the database.</summary>
internal static class LinkStatements
{
    public const string Savepoint = "SAVEPOINT nexus_link";

    public const string Undo = "ROLLBACK TO SAVEPOINT nexus_link";

    /// <summary>Takes the only lock. The common case, which needs no plan.</summary>
    public const string LockOne = "SELECT pg_try_advisory_xact_lock_shared(@train_lock), pg_advisory_xact_lock(@lock)";

    /// <summary>Takes the locks in the order in which they are given.</summary>
    public const string LockMany =
        """
        SELECT pg_try_advisory_xact_lock_shared(@train_lock), (SELECT count(pg_advisory_xact_lock(key)) FROM unnest(@locks) AS key)
        """;

    public const string LockAll = "SELECT count(pg_advisory_xact_lock(key)) FROM unnest(@keys) AS key";

    /// <summary>In the place of a lock that is held already, so that the results after it have their places.</summary>
    public const string NoLock = "SELECT 1";

    public const string LockNames = "SELECT pg_advisory_xact_lock(@key)";

    // The roles of the rows that the look-up returns.
    public const string Parent = "parent";
    public const string FailedRetry = "failed";
    public const string Retry = "retry";
    public const string Task = "task";
    public const string Waiting = "waiting";

    /// <summary>The look-up, by a subject's parameters.</summary>
    public static string FindLinks(string suffix)
        => $"""
        SELECT * FROM find_links(
            @id{suffix}, @train, @time{suffix}, @system{suffix}, @stable_system{suffix}, @model{suffix}, @user{suffix}, @messages{suffix}, @beginnings{suffix},
            @following{suffix}, @compatible{suffix}, @text{suffix}, @given_away{suffix}, @shown{suffix}, @shown_until{suffix}, @shown_reasons{suffix},
            @retried_since{suffix}, @repeated_until{suffix}, @prompted_since{suffix})
        """;

    /// <summary>Answers that begin like a subject's summary, newest first, with their bodies.</summary>
    public static string FindSummaries(string suffix)
        => $"""
        SELECT * FROM find_summaries(
            @id{suffix}, @train, @time{suffix}, @system{suffix}, @stable_system{suffix}, @summary{suffix},
            @summary_since{suffix}, @summaries_seen{suffix})
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
    /// request's own turns take its sub-task. Gives the conversations that they were in.</summary>
    public const string MoveHanging =
        $"""
        {Hanging},
        held AS (
            SELECT r.request_id, r.conversation_id, below.is_own
            FROM (SELECT request_id, bool_and(is_own) AS is_own FROM hanging WHERE request_id <> @id GROUP BY 1) below
            JOIN api_requests r USING (request_id)
            ORDER BY r.request_id FOR UPDATE OF r),
        moved AS (
            UPDATE api_requests r
            SET conversation_id = @conversation,
                branch_id = coalesce(
                    (SELECT m.after FROM unnest(@before, @after) AS m (before, after) WHERE m.before = r.branch_id),
                    r.branch_id),
                is_subtask = CASE WHEN held.is_own THEN @is_subtask ELSE r.is_subtask END,
                parent_task_request_id = CASE WHEN held.is_own THEN @parent_task ELSE r.parent_task_request_id END
            FROM held
            WHERE r.request_id = held.request_id)
        SELECT DISTINCT conversation_id FROM held WHERE conversation_id IS NOT NULL
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
