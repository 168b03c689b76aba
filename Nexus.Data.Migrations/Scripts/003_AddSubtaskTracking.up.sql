-- Fills the new columns, where this run has made them.
DO $nexus$
DECLARE
    train name;
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '003' OR NOT EXISTS (SELECT FROM api_requests) THEN
        RETURN;
    END IF;

    UPDATE api_requests AS request
    SET task_tool_invocation = (
        SELECT jsonb_agg(
            jsonb_build_object(
                'id', tool -> 'id',
                'name', tool -> 'name',
                'prompt', tool #> '{input,prompt}',
                'description', tool #> '{input,description}')
            ORDER BY place)
        FROM jsonb_array_elements(request.response_body -> 'content') WITH ORDINALITY AS content (tool, place)
        WHERE tool ->> 'type' = 'tool_use' AND tool ->> 'name' = 'Task')
    WHERE response_body @> '{"content": [{"type": "tool_use", "name": "Task"}]}';

    -- The next statement is planned by what the column holds now.
    ANALYZE api_requests;

    SELECT min(attname::text) INTO train
    FROM pg_attribute
    WHERE attrelid = to_regclass('api_requests') AND attname IN ('domain', 'train_id') AND NOT attisdropped;

    -- The first request of each conversation, with the texts of its first message; and each prompt, with its time.
    -- Where several tasks have the prompt, the newest counts.
    EXECUTE format($sql$
        WITH task AS MATERIALIZED (
            SELECT request_id, %1$I AS train, conversation_id, "timestamp", invocation ->> 'prompt' AS prompt
            FROM api_requests, jsonb_array_elements(task_tool_invocation) AS invocation
            WHERE task_tool_invocation IS NOT NULL AND invocation ->> 'prompt' <> ''
        ), first AS MATERIALIZED (
            SELECT DISTINCT ON (conversation_id) request_id
            FROM api_requests
            WHERE conversation_id IS NOT NULL AND EXISTS (SELECT FROM task)
            ORDER BY conversation_id, "timestamp", request_id
        ), opening AS MATERIALIZED (
            SELECT request.request_id, %1$I AS train, conversation_id, "timestamp", part.prompt
            FROM first
            JOIN api_requests AS request USING (request_id)
            CROSS JOIN LATERAL (
                SELECT body #>> '{messages,0,content}' AS prompt
                WHERE jsonb_typeof(body #> '{messages,0,content}') = 'string'
                UNION ALL
                SELECT block ->> 'text'
                FROM jsonb_array_elements(
                    CASE jsonb_typeof(body #> '{messages,0,content}')
                        WHEN 'array' THEN body #> '{messages,0,content}' ELSE '[]' END) AS block
                WHERE block ->> 'type' = 'text'
            ) AS part
            WHERE body #>> '{messages,0,role}' = 'user'
        ), match AS (
            SELECT DISTINCT ON (opening.request_id) opening.request_id, task.request_id AS task_id
            FROM opening
            JOIN task ON task.train = opening.train
                AND task.prompt = opening.prompt
                AND opening."timestamp" >= task."timestamp"
                AND opening."timestamp" <= task."timestamp" + interval '30 seconds'
                AND opening.conversation_id IS DISTINCT FROM task.conversation_id
                AND opening.request_id <> task.request_id
            ORDER BY opening.request_id, task."timestamp" DESC, task.request_id
        )
        UPDATE api_requests AS request
        SET is_subtask = true, parent_task_request_id = match.task_id
        FROM match
        WHERE request.request_id = match.request_id
        $sql$, train);

    ANALYZE api_requests;
END $nexus$;
