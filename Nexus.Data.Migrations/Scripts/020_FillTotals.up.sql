-- Totals of the requests that are there. What programs without totals write from now on, `rebuild-conversations --summaries` adds.
DO $nexus$
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '020' THEN
        RETURN;
    END IF;

    INSERT INTO branch_totals (
        train_id, conversation_id, branch_id, account_id, model, request_count, subtask_count, retry_count, failed_count,
        message_count, input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, tool_call_count,
        first_at, last_at, latest_request_id)
    SELECT r.train_id, r.conversation_id, coalesce(r.branch_id, 'main'), coalesce(r.account_id, ''), coalesce(r.model, ''),
           count(*), count(*) FILTER (WHERE r.is_subtask), count(r.retry_of_request_id),
           count(*) FILTER (WHERE r.error IS NOT NULL OR r.response_status NOT BETWEEN 200 AND 299),
           coalesce(max(r.message_count), 0), coalesce(sum(r.input_tokens), 0), coalesce(sum(r.output_tokens), 0),
           coalesce(sum(r.cache_creation_input_tokens), 0), coalesce(sum(r.cache_read_input_tokens), 0),
           coalesce(sum(r.tool_call_count), 0), min(r."timestamp"), max(r."timestamp"),
           (array_agg(r.request_id ORDER BY r."timestamp" DESC, r.request_id DESC))[1]
    FROM api_requests r
    WHERE r.conversation_id IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5;

    INSERT INTO conversation_totals (train_id, conversation_id, first_at, last_at, has_subtasks, has_forks)
    SELECT train_id, conversation_id, min(first_at), max(last_at), bool_or(subtask_count > 0),
           bool_or(branch_id <> 'main' AND branch_id NOT LIKE 'subtask\_%' AND branch_id NOT LIKE 'compact\_%')
    FROM branch_totals
    GROUP BY 1, 2;

    INSERT INTO hourly_totals (
        train_id, hour, account_id, model, request_type, slot, request_count, failed_count, input_tokens, output_tokens,
        cache_creation_input_tokens, cache_read_input_tokens, tool_call_count, duration_ms, timed_count)
    SELECT r.train_id, date_trunc('hour', r."timestamp", 'UTC'), coalesce(r.account_id, ''), coalesce(r.model, ''),
           coalesce(r.request_type, ''), 0, count(*),
           count(*) FILTER (WHERE r.error IS NOT NULL OR r.response_status NOT BETWEEN 200 AND 299),
           coalesce(sum(r.input_tokens), 0), coalesce(sum(r.output_tokens), 0),
           coalesce(sum(r.cache_creation_input_tokens), 0), coalesce(sum(r.cache_read_input_tokens), 0),
           coalesce(sum(r.tool_call_count), 0), coalesce(sum(r.duration_ms), 0), count(r.duration_ms)
    FROM api_requests r
    GROUP BY 1, 2, 3, 4, 5;

    ANALYZE branch_totals, conversation_totals, hourly_totals;
END $nexus$;
