namespace Nexus.Data.Analyses;

/// <summary>The queue's SQL. Leases are compared by the clock of the server's current statement: a transaction that lasts
/// sees them run out.</summary>
internal static class AnalysisStatements
{
    /// <summary>Whether the claim <c>@lease</c> is good.</summary>
    public const string IsHeld = "status = 'processing' AND lease_id = @lease AND lease_expires_at > statement_timestamp()";

    /// <summary>Whether a worker had it and was not heard of until its lease ran out; without a lease, for
    /// <c>@unleased</c>.</summary>
    public const string IsStuck =
        """
        status = 'processing' AND (lease_expires_at <= statement_timestamp()
            OR (lease_expires_at IS NULL AND updated_at <= statement_timestamp() - @unleased))
        """;

    /// <summary>Whether it may be claimed.</summary>
    public const string IsDue = "status = 'pending' AND due_at <= statement_timestamp()";

    private const string WithoutLease = "lease_id = NULL, lease_owner = NULL, lease_expires_at = NULL";

    // From the beginning; an answer that is there stays until there is another.
    private const string Restarted =
        $"""
        status = 'pending', retry_count = 0, error_message = NULL, completed_at = NULL, due_at = statement_timestamp(),
            {WithoutLease}
        """;

    private const string Try =
        """
        id, coalesce(retry_count, 0), error_message, conversation_id, branch_id, train_id, lease_owner, lease_id,
            statement_timestamp()
        """;

    /// <summary>The train of a conversation with such a branch.</summary>
    public const string FindTrain =
        """
        SELECT train_id FROM api_requests WHERE conversation_id = @conversation AND branch_id = @branch
        ORDER BY "timestamp", request_id LIMIT 1
        """;

    /// <summary>The same, held where it is until the transaction ends: who moves or removes the conversation waits, and takes
    /// the analysis along. Rebuilds and pruning hold the train, late links the request.</summary>
    public const string HoldTrain = $"SELECT pg_advisory_xact_lock_shared(@train_lock);{FindTrain} FOR SHARE";

    /// <summary>Makes the branch's analysis, whose id is the first answer, and holds what is there now: the second.</summary>
    public const string Order =
        """
        INSERT INTO conversation_analyses (conversation_id, branch_id, train_id, custom_prompt)
        VALUES (@conversation, @branch, @train, @prompt)
        ON CONFLICT (conversation_id, branch_id) DO NOTHING
        RETURNING id;
        SELECT id, status::text FROM conversation_analyses WHERE conversation_id = @conversation AND branch_id = @branch
        FOR UPDATE
        """;

    /// <summary>Begins an analysis anew, by an order.</summary>
    public const string Restart =
        $"UPDATE conversation_analyses SET {Restarted}, custom_prompt = @prompt, train_id = @train WHERE id = @id";

    /// <summary>Begins anew what failed or is stuck.</summary>
    public const string RestartAll = $"UPDATE conversation_analyses SET {Restarted} WHERE id = ANY (@ids)";

    /// <summary>Holds analyses, each with whether it may be tried again.</summary>
    public const string FindRetried =
        $"""
        SELECT id, status = 'failed' OR ({IsStuck}), conversation_id, branch_id, train_id, status::text
        FROM conversation_analyses WHERE id = ANY (@ids) ORDER BY id FOR UPDATE
        """;

    /// <summary>Holds what dead workers left, but for what somebody else holds.</summary>
    public const string FindStuck =
        $"SELECT {Try} FROM conversation_analyses WHERE {IsStuck} ORDER BY id LIMIT @most FOR UPDATE SKIP LOCKED";

    /// <summary>Holds a job of the caller's.</summary>
    public const string FindHeld = $"SELECT {Try} FROM conversation_analyses WHERE id = @id AND {IsHeld} FOR UPDATE";

    /// <summary>Gives out what is due, the oldest first, but for what somebody else holds.</summary>
    public const string Claim =
        $"""
        WITH due AS MATERIALIZED (
            SELECT id, due_at FROM conversation_analyses WHERE {IsDue}
            ORDER BY due_at, id LIMIT @count FOR UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE conversation_analyses a
            SET status = 'processing', lease_id = gen_random_uuid(), lease_owner = @worker,
                lease_expires_at = statement_timestamp() + @length
            FROM due WHERE a.id = due.id
            RETURNING a.id, a.lease_id, a.lease_expires_at, a.lease_owner, a.conversation_id, a.branch_id, a.train_id,
                      a.custom_prompt, coalesce(a.retry_count, 0), a.created_at, due.due_at
        )
        SELECT * FROM claimed ORDER BY due_at, id
        """;

    /// <summary>Prolongs what is still held.</summary>
    public const string Prolong =
        """
        UPDATE conversation_analyses a SET lease_expires_at = statement_timestamp() + @length
        FROM unnest(@ids, @leases) AS held (id, lease)
        WHERE a.id = held.id AND a.status = 'processing' AND a.lease_id = held.lease
          AND a.lease_expires_at > statement_timestamp()
        RETURNING a.id, a.lease_expires_at
        """;

    /// <summary>Writes the answer of a job that is held.</summary>
    public const string Complete =
        $"""
        UPDATE conversation_analyses
        SET status = 'completed', analysis_content = @content, analysis_data = @data::jsonb, raw_response = @raw::jsonb,
            model_used = coalesce(@model, model_used), prompt_tokens = @prompt_tokens,
            completion_tokens = @completion_tokens, processing_duration_ms = @duration, error_message = NULL,
            generated_at = statement_timestamp(), completed_at = statement_timestamp(), {WithoutLease}
        WHERE id = @id AND {IsHeld}
        RETURNING conversation_id, branch_id, train_id, coalesce(retry_count, 0)
        """;

    /// <summary>Ends tries of jobs that the transaction holds: those with a delay wait for another, the others have
    /// failed.</summary>
    public const string EndTries =
        $"""
        UPDATE conversation_analyses a
        SET status = (CASE WHEN ended.delay IS NULL THEN 'failed' ELSE 'pending' END)::conversation_analysis_status,
            retry_count = ended.retry_count, error_message = ended.errors,
            due_at = coalesce(statement_timestamp() + ended.delay, a.due_at),
            completed_at = CASE WHEN ended.delay IS NULL THEN statement_timestamp() END, {WithoutLease}
        FROM unnest(@ids, @retry_counts, @errors, @delays) AS ended (id, retry_count, errors, delay)
        WHERE a.id = ended.id
        """;

    /// <summary>What a list shows.</summary>
    public const string Summary =
        $"""
        id, conversation_id, branch_id, train_id, status::text, {IsStuck}, coalesce(retry_count, 0), error_message,
        lease_owner, lease_expires_at, due_at, created_at, updated_at, completed_at
        """;

    /// <summary>What there is beside it.</summary>
    public const string Details =
        $"""
        {Summary}, custom_prompt, model_used, analysis_content, analysis_data::text, raw_response::text, prompt_tokens,
        completion_tokens, processing_duration_ms, generated_at
        """;

    /// <summary>Counts, each off an index where all trains are counted.</summary>
    /// <param name="scope">Which analyses count, as a condition.</param>
    public static string Count(string scope)
        => $"""
        SELECT {CountOf("status = 'pending'", scope)},
            {CountOf("status = 'processing'", scope)},
            {CountOf("status = 'completed'", scope)},
            {CountOf("status = 'failed'", scope)},
            {CountOf(IsDue, scope)},
            {CountOf(IsStuck, scope)},
            (SELECT due_at FROM conversation_analyses WHERE {IsDue} AND {scope} ORDER BY due_at, id LIMIT 1)
        """;

    private static string CountOf(string condition, string scope)
        => $"(SELECT count(*) FROM conversation_analyses WHERE {condition} AND {scope})";
}
