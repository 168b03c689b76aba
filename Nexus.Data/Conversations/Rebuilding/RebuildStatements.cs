using Nexus.Data.Conversations.Hashing;
using Nexus.Data.Totals;

namespace Nexus.Data.Conversations.Rebuilding;

/// <summary>The statements of a rebuild.</summary>
internal static class RebuildStatements
{
    public const int RequestColumns = 38;

    /// <summary>To compile the reading costs more than it takes, and to sort it on disk as much as to read it.</summary>
    public const string Settings = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'";

    /// <summary>Trains with the numbers of their requests, all or those of some requests.</summary>
    public const string FindTrains =
        """
        SELECT train_id, count(*) FROM api_requests
        WHERE (@train IS NULL OR train_id = @train)
          AND (@ids IS NULL OR train_id IN (SELECT train_id FROM api_requests WHERE request_id = ANY (@ids)))
        GROUP BY train_id ORDER BY train_id COLLATE "C"
        """;

    /// <summary>Texts as literals of SQL, for COPY takes no parameters.</summary>
    public const string Quote =
        "SELECT array_agg(quote_literal(text) ORDER BY place) FROM unnest(@texts) WITH ORDINALITY AS given (text, place)";

    /// <summary>Requests with all that a rebuild asks for; with their bodies where these are to be read, and with their
    /// answers where nothing of them is written down.</summary>
    /// <param name="where">Which requests.</param>
    /// <param name="readsBody">Which of them with their bodies.</param>
    /// <param name="order">ORDER BY, or nothing.</param>
    public static string Requests(string where, string readsBody, string order)
        => $"""
        SELECT r.request_id, r."timestamp", r.xmin, r.request_type, r.path, r.model, r.message_count,
               r.response_status, r.has_error, r.completed_at, r.duration_ms::bigint, r.has_answer,
               r.conversation_id, r.branch_id, r.parent_request_id, r.parent_task_request_id, r.is_subtask, r.link_kind,
               r.link_distance, r.link_candidates, r.retry_of_request_id, r.claims_branch, r.unlinked_because,
               r.has_current_hash, r.has_parent_hash, r.has_system_hash, r.link_version,
               r.link_hash, r.stable_system_hash, r.answer_hash, r.user_id_hash, r.link_facts, r.reads_body,
               CASE WHEN r.reads_body AND r.body_original IS NULL THEN r.body END,
               CASE WHEN r.reads_body THEN r.body_original END,
               CASE WHEN (r.reads_body OR r.answer_hash IS NULL) AND r.response_body_original IS NULL THEN r.response_body END,
               CASE WHEN r.reads_body OR r.answer_hash IS NULL THEN r.response_body_original END, r.has_body
        FROM (SELECT r.request_id, r."timestamp", r.xmin, r.request_type, r.path, r.model, r.message_count,
                     r.response_status, r.error IS NOT NULL AS has_error, r.completed_at, r.duration_ms,
                     r.response_body IS NOT NULL AS has_answer, r.conversation_id, r.branch_id, r.parent_request_id,
                     r.parent_task_request_id, r.is_subtask, r.link_kind, r.link_distance, r.link_candidates,
                     r.retry_of_request_id, r.claims_branch, r.unlinked_because,
                     r.current_message_hash IS NOT NULL AS has_current_hash,
                     r.parent_message_hash IS NOT NULL AS has_parent_hash, r.system_hash IS NOT NULL AS has_system_hash,
                     r.link_version, r.link_hash, r.stable_system_hash, r.answer_hash, r.user_id_hash, r.link_facts,
                     r.body, r.body_original, r.response_body, r.response_body_original, {HasBody} AS has_body,
                     {readsBody} AND ({HasBody} OR r.link_facts IS NULL OR r.link_version IS DISTINCT FROM {LinkHash.Version})
                         AS reads_body
              FROM api_requests r WHERE {where} {order} OFFSET 0) r
        """;

    /// <summary>Requests whose bodies have to be read: what they tell is not written down, or in an older form.</summary>
    /// <param name="excludedTypes">Literals of the types of requests that take no part, whose bodies nobody needs.</param>
    /// <param name="distrusted">Requests whose bodies are to be read in any case.</param>
    public static string ReadsBody(IEnumerable<string> excludedTypes, IEnumerable<Guid> distrusted)
        => $"""
        (CASE
         WHEN r.request_type IN ({string.Join(", ", excludedTypes.Prepend("''"))})
              OR (r.request_type IS NULL AND r.path LIKE '%/count\_tokens') THEN false
         WHEN r.link_facts IS NULL OR r.link_version <> {LinkHash.Version} OR r.message_count IS NULL
              OR r.unlinked_because IS NOT NULL THEN true
         WHEN get_byte(r.link_facts, 0) & (
              CASE WHEN r.current_message_hash IS NULL THEN {LinkFacts.HasCurrentHash} ELSE 0 END
              + CASE WHEN r.parent_message_hash IS NULL THEN {LinkFacts.HasParentHash} ELSE 0 END
              + CASE WHEN r.system_hash IS NULL THEN {LinkFacts.HasSystemHash} ELSE 0 END
              + CASE WHEN r.model IS NULL THEN {LinkFacts.NamesModel} ELSE 0 END) <> 0 THEN true
         ELSE r.request_id IN (SELECT unnest({Ids(distrusted)})) END)
        """;

    // A body that was removed tells nothing: what was written down of it stands.
    private const string HasBody = "(r.body IS NOT NULL OR r.body_original IS NOT NULL)";

    /// <summary>Bodies of requests, and what a continuation goes on from.</summary>
    public static string Bodies(IEnumerable<Guid> ids)
        => $"""
        SELECT r.request_id, CASE WHEN r.body_original IS NULL THEN r.body END, r.body_original,
               CASE WHEN r.link_kind = 'continuation' THEN r.parent_request_id END
        FROM api_requests r WHERE r.request_id = ANY ({Ids(ids)})
        """;

    public static string Ids(IEnumerable<Guid> ids) => $"'{{{string.Join(",", ids)}}}'::uuid[]";

    /// <summary>Conversations that several trains have: other programs have linked across trains.</summary>
    public const string FindShared =
        """
        SELECT conversation_id FROM api_requests WHERE conversation_id IS NOT NULL
        GROUP BY conversation_id HAVING min(train_id) <> max(train_id)
        """;

    /// <summary>Of one train's conversations those that others have too.</summary>
    public const string FindSharedOfTrain =
        """
        SELECT own.conversation_id
        FROM (SELECT DISTINCT conversation_id FROM api_requests
              WHERE train_id = @train AND conversation_id IS NOT NULL) own
        WHERE EXISTS (SELECT FROM api_requests r
                      WHERE r.conversation_id = own.conversation_id AND r.train_id <> @train)
        """;

    /// <summary>Which of these conversations began in another train.</summary>
    public const string FindForeign =
        """
        SELECT shared.conversation_id
        FROM unnest(@ids) AS shared (conversation_id),
        LATERAL (SELECT r.train_id FROM api_requests r WHERE r.conversation_id = shared.conversation_id
                 ORDER BY r."timestamp", r.request_id LIMIT 1) first
        WHERE first.train_id <> @train
        """;

    /// <summary>Which of these conversations another train has.</summary>
    public const string FindTaken =
        """
        SELECT own.conversation_id FROM unnest(@ids) AS own (conversation_id)
        WHERE EXISTS (SELECT FROM api_requests r
                      WHERE r.conversation_id = own.conversation_id AND r.train_id <> @train)
        """;

    /// <summary>Which versions of a train's rows there are.</summary>
    public static string Versions(string train)
        => $"SELECT request_id, \"timestamp\", xmin FROM api_requests WHERE train_id = {train}";

    public static string Waits(string train) => $"SELECT request_id, key FROM link_waits WHERE train_id = {train}";

    public static string Keys(string train) => $"SELECT request_id, key FROM summary_keys WHERE train_id = {train}";

    public static string Prompts(string train)
        => $"""
        SELECT request_id, ordinal, tool_use_id, prompt_hash, subtask_request_id FROM task_prompts WHERE train_id = {train}
        ORDER BY request_id, ordinal
        """;

    /// <summary>Answers with their bodies.</summary>
    public const string FindAnswers =
        """
        SELECT r.request_id, CASE WHEN r.response_body_original IS NULL THEN r.response_body::text END,
               r.response_body_original
        FROM api_requests r WHERE r.request_id = ANY (@ids)
        """;

    /// <summary>Where rows that differ are staged. The hashes that are stored stay where none are given.</summary>
    public const string Stage =
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS rebuilt_requests (
            request_id uuid, version xid, conversation_id uuid, branch_id text, parent_request_id uuid,
            parent_task_request_id uuid, is_subtask boolean, link_kind text, link_distance integer,
            link_candidates integer, retry_of_request_id uuid, claims_branch boolean, parent_message_hash text,
            has_hashes boolean, current_message_hash text, system_hash text, message_count integer, model text,
            link_hash bytea, link_version smallint, stable_system_hash bytea, answer_hash bytea, user_id_hash bytea,
            link_facts bytea
        ) ON COMMIT DROP;
        TRUNCATE rebuilt_requests;
        """;

    public const string CopyIn =
        """
        COPY rebuilt_requests FROM STDIN (FORMAT binary)
        """;

    /// <summary>A continuation's parent hash is the compatible hash of its parent, which may be new itself.</summary>
    public const string FillParentHashes =
        """
        ANALYZE rebuilt_requests (request_id, link_kind, parent_request_id);
        UPDATE rebuilt_requests staged
        SET parent_message_hash = coalesce(parent.current_message_hash, new.current_message_hash)
        FROM api_requests parent LEFT JOIN rebuilt_requests new ON new.request_id = parent.request_id
        WHERE staged.link_kind = 'continuation' AND staged.parent_message_hash IS NULL
          AND parent.request_id = staged.parent_request_id
        """;

    /// <summary>Notes whose conversations change, and which requests get a model, for their totals.</summary>
    public static readonly string StageTotals =
        $"""
        {TotalsStatements.Stage}
        INSERT INTO counted_conversations
        SELECT r.train_id, r.conversation_id FROM rebuilt_requests s JOIN api_requests r USING (request_id)
        WHERE r.conversation_id IS NOT NULL
        UNION
        SELECT r.train_id, s.conversation_id FROM rebuilt_requests s JOIN api_requests r USING (request_id)
        WHERE s.conversation_id IS NOT NULL;
        {TotalsStatements.Take(
            "rebuilt_requests s JOIN api_requests r ON r.request_id = s.request_id AND r.xmin = s.version WHERE r.model IS NULL AND s.model IS NOT NULL")}
        """;

    /// <summary>Writes the staged rows, but for those that somebody else has written since they were read.</summary>
    public const string Update =
        """
        UPDATE api_requests r
        SET conversation_id = s.conversation_id, branch_id = s.branch_id, parent_request_id = s.parent_request_id,
            parent_task_request_id = s.parent_task_request_id, is_subtask = s.is_subtask, link_kind = s.link_kind,
            link_distance = s.link_distance, link_candidates = s.link_candidates,
            retry_of_request_id = s.retry_of_request_id, claims_branch = s.claims_branch, unlinked_because = NULL,
            current_message_hash = coalesce(r.current_message_hash, s.current_message_hash),
            parent_message_hash = coalesce(r.parent_message_hash, s.parent_message_hash),
            system_hash = coalesce(r.system_hash, s.system_hash),
            message_count = coalesce(r.message_count, s.message_count), model = coalesce(r.model, s.model),
            link_hash = CASE WHEN s.has_hashes THEN s.link_hash ELSE r.link_hash END,
            link_version = CASE WHEN s.has_hashes THEN s.link_version ELSE r.link_version END,
            stable_system_hash = CASE WHEN s.has_hashes THEN s.stable_system_hash ELSE r.stable_system_hash END,
            answer_hash = CASE WHEN s.has_hashes THEN s.answer_hash ELSE r.answer_hash END,
            user_id_hash = CASE WHEN s.has_hashes THEN s.user_id_hash ELSE r.user_id_hash END,
            link_facts = CASE WHEN s.has_hashes THEN s.link_facts ELSE r.link_facts END
        FROM rebuilt_requests s
        WHERE r.request_id = s.request_id AND r.xmin = s.version
        """;

    /// <summary>Where the analyses go whose branches move as a whole, with their place among those that meet there.</summary>
    public const string PlanAnalyses =
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS rebuilt_analyses (
            id bigint, conversation_id uuid, branch_id text, place bigint) ON COMMIT DROP;
        TRUNCATE rebuilt_analyses;
        INSERT INTO rebuilt_analyses
        WITH moved AS (
            SELECT r.conversation_id AS from_conversation, r.branch_id AS from_branch,
                   min(s.conversation_id::text)::uuid AS conversation_id, min(s.branch_id) AS branch_id
            FROM rebuilt_requests s JOIN api_requests r USING (request_id)
            WHERE r.conversation_id IN (SELECT conversation_id FROM conversation_analyses)
            GROUP BY 1, 2
            HAVING count(DISTINCT (s.conversation_id, s.branch_id)) = 1 AND count(s.conversation_id) = count(*)
               AND count(*) = (SELECT count(*) FROM api_requests every
                               WHERE every.conversation_id = r.conversation_id AND every.branch_id = r.branch_id)),
        going AS (
            SELECT analysis.id, analysis.status, analysis.completed_at,
                   coalesce(moved.conversation_id, analysis.conversation_id) AS conversation_id,
                   coalesce(moved.branch_id, analysis.branch_id) AS branch_id
            FROM conversation_analyses analysis
            LEFT JOIN moved
              ON moved.from_conversation = analysis.conversation_id AND moved.from_branch = analysis.branch_id
            WHERE moved.conversation_id IS NOT NULL
               OR (analysis.conversation_id, analysis.branch_id) IN (SELECT conversation_id, branch_id FROM moved))
        SELECT id, conversation_id, branch_id,
               row_number() OVER (PARTITION BY conversation_id, branch_id
                                  ORDER BY (status = 'completed') DESC, completed_at DESC NULLS LAST, id DESC)
        FROM going;
        """;

    /// <summary>Of analyses that meet, the newest completed one stays. They go by way of a place that nobody has, for two
    /// may change places.</summary>
    public const string MoveAnalyses =
        """
        DELETE FROM conversation_analyses a USING rebuilt_analyses m WHERE a.id = m.id AND m.place > 1;
        DELETE FROM rebuilt_analyses m USING conversation_analyses a
        WHERE m.place > 1 OR m.id = a.id AND (a.conversation_id, a.branch_id) = (m.conversation_id, m.branch_id);
        UPDATE conversation_analyses a SET conversation_id = gen_random_uuid() FROM rebuilt_analyses m WHERE a.id = m.id;
        UPDATE conversation_analyses a SET conversation_id = m.conversation_id, branch_id = m.branch_id
        FROM rebuilt_analyses m WHERE a.id = m.id;
        """;

    public const string DropWaits = "DELETE FROM link_waits WHERE request_id = ANY (@ids)";

    public const string DropKeys = "DELETE FROM summary_keys WHERE request_id = ANY (@ids)";

    public const string DropPrompts = "DELETE FROM task_prompts WHERE request_id = ANY (@ids)";

    public const string CopyWaits =
        "COPY link_waits (request_id, key, train_id, \"timestamp\") FROM STDIN (FORMAT binary)";

    public const string CopyKeys =
        "COPY summary_keys (request_id, key, train_id, \"timestamp\") FROM STDIN (FORMAT binary)";

    public const string CopyPrompts =
        """
        COPY task_prompts (request_id, ordinal, train_id, "timestamp", tool_use_id, prompt_hash, subtask_request_id)
        FROM STDIN (FORMAT binary)
        """;
}
