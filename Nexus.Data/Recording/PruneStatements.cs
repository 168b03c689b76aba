using Nexus.Data.Persistence;
using Nexus.Data.Totals;

namespace Nexus.Data.Recording;

/// <summary>The statements of a prune.</summary>
internal static class PruneStatements
{
    /// <summary>All trains.</summary>
    public static readonly string FindTrains = $"SELECT id FROM {DistinctTrains.In("api_requests")} train ORDER BY id COLLATE \"C\"";

    /// <summary>A page of a train's old requests, oldest first.</summary>
    public const string FindOld =
        """
        SELECT r."timestamp", r.request_id, r.conversation_id FROM api_requests r
        WHERE r.train_id = @train AND r."timestamp" < @before AND (r."timestamp", r.request_id) > (@time, @id)
        ORDER BY r."timestamp", r.request_id LIMIT @limit
        """;

    private const string Payload =
        """
        (r.body IS NOT NULL OR r.body_original IS NOT NULL OR r.response_body_original IS NOT NULL
         OR (r.response_body IS NOT NULL AND (r.response_status IS NOT NULL OR r.error IS NOT NULL))
         OR r.headers <> '{}' OR r.response_headers IS NOT NULL OR r.task_tool_invocation IS NOT NULL
         OR EXISTS (SELECT FROM streaming_chunks c WHERE c.request_id = r.request_id))
        """;

    private const string Bytes =
        """
        coalesce(pg_column_size(r.body), 0)::bigint + coalesce(pg_column_size(r.body_original), 0)
        + coalesce(pg_column_size(r.response_body), 0) + coalesce(pg_column_size(r.response_body_original), 0)
        + coalesce(pg_column_size(r.headers), 0) + coalesce(pg_column_size(r.response_headers), 0)
        + coalesce(pg_column_size(r.task_tool_invocation), 0)
        + coalesce((SELECT sum(pg_column_size(c.data)) FROM streaming_chunks c WHERE c.request_id = r.request_id), 0)
        """;

    /// <summary>Of these conversations those that are old as a whole, with their sizes and trains.</summary>
    public const string FindOldConversations =
        """
        SELECT r.conversation_id, count(*)::integer, array_agg(DISTINCT r.train_id)::text[] FROM api_requests r
        WHERE r.conversation_id = ANY (@conversations)
        GROUP BY r.conversation_id
        HAVING max(r."timestamp") < @before AND (@trains IS NULL OR bool_and(r.train_id = ANY (@trains)))
        """;

    // What was found without a lock is asked again under it.
    private const string StillOld =
        $"""
        WITH going AS MATERIALIZED (
            SELECT r.request_id FROM api_requests r
            WHERE r.conversation_id IN (SELECT old.conversation_id FROM ({FindOldConversations}) old)
            UNION ALL
            SELECT r.request_id FROM api_requests r
            WHERE r.request_id = ANY (@singles) AND r.conversation_id IS NULL AND r."timestamp" < @before)
        """;

    /// <summary>All requests of old conversations, and old requests without one, with their bytes and whether a request that is
    /// not among them refers to them.</summary>
    public const string FindGoing =
        $"""
        {StillOld}
        SELECT r.request_id, r.conversation_id, ({Bytes})::bigint,
               EXISTS (SELECT FROM api_requests child WHERE child.parent_request_id = r.request_id
                       AND NOT EXISTS (SELECT FROM going own WHERE own.request_id = child.request_id))
               OR EXISTS (SELECT FROM api_requests retry WHERE retry.retry_of_request_id = r.request_id
                          AND NOT EXISTS (SELECT FROM going own WHERE own.request_id = retry.request_id))
        FROM going JOIN api_requests r ON r.request_id = going.request_id
        """;

    /// <summary>The same of requests that still have what is to go, with whether somebody has still to read their
    /// bodies.</summary>
    public static string FindPayload(string readsBody)
        => $"""
        {StillOld}
        SELECT r.request_id, r.conversation_id, ({Bytes})::bigint, {readsBody}
        FROM going JOIN api_requests r ON r.request_id = going.request_id
        WHERE {Payload}
        """;

    /// <summary>Removes requests and all that hangs on them, also from totals. The audit log stays.</summary>
    public static readonly string Delete =
        $"""
        {TotalsStatements.Stage}
        {TotalsStatements.Take("api_requests r WHERE r.request_id = ANY (@ids)")}
        INSERT INTO counted_conversations
        SELECT DISTINCT r.train_id, r.conversation_id FROM api_requests r
        WHERE r.request_id = ANY (@ids) AND r.conversation_id IS NOT NULL;
        DELETE FROM streaming_chunks WHERE request_id = ANY (@ids);
        DELETE FROM request_words WHERE request_id = ANY (@ids);
        DELETE FROM task_prompts WHERE request_id = ANY (@ids);
        DELETE FROM summary_keys WHERE request_id = ANY (@ids);
        DELETE FROM link_waits WHERE request_id = ANY (@ids);
        DELETE FROM api_requests WHERE request_id = ANY (@ids);
        DELETE FROM conversation_analyses WHERE conversation_id = ANY (@conversations);
        {TotalsStatements.CountStaged}
        {TotalsStatements.RemoveStagedEmptyHours}
        """;

    /// <summary>Removes payloads. That there was an answer has to be seen where nothing else says it.</summary>
    public const string DeletePayload =
        """
        DELETE FROM streaming_chunks WHERE request_id = ANY (@ids);
        DELETE FROM request_words WHERE request_id = ANY (@ids);
        UPDATE api_requests r
        SET body = NULL, body_original = NULL, response_body_original = NULL,
            response_body = CASE WHEN r.response_body IS NOT NULL AND r.response_status IS NULL AND r.error IS NULL
                                 THEN 'null'::jsonb END,
            headers = '{}', response_headers = NULL, task_tool_invocation = NULL
        WHERE r.request_id = ANY (@ids)
        """;

    /// <summary>Foreign keys of tables that are not ours on those that lose rows.</summary>
    public const string FindReferences =
        """
        SELECT key.conrelid::regclass::text || ' (' || key.conname || ')'
        FROM pg_constraint key
        WHERE key.contype = 'f' AND key.conrelid IS DISTINCT FROM to_regclass('streaming_chunks')
          AND key.confrelid IN (SELECT to_regclass(name) FROM unnest(@tables) AS name)
        ORDER BY 1
        """;
}
