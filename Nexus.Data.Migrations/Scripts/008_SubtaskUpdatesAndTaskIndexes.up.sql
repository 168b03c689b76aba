-- Moves sub-tasks into their parents' conversations and numbers their branches, where this run has made the step's
-- indexes. A sub-task of a sub-task goes where the outermost goes. A sub-task is its first request and those that go on
-- from it: they share its number.
DO $nexus$
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '008' THEN
        RETURN;
    END IF;

    WITH RECURSIVE subtask AS MATERIALIZED (
        SELECT request_id, parent_task_request_id, parent_request_id, "timestamp"
        FROM api_requests
        WHERE is_subtask AND parent_task_request_id IS NOT NULL
    ), placed AS (
        SELECT subtask.request_id, task.conversation_id
        FROM subtask
        JOIN api_requests AS task ON task.request_id = subtask.parent_task_request_id
        WHERE task.parent_task_request_id IS NULL OR task.is_subtask IS NOT TRUE
        UNION ALL
        SELECT subtask.request_id, placed.conversation_id
        FROM placed
        JOIN subtask ON subtask.parent_task_request_id = placed.request_id
    ), opening AS (
        SELECT subtask.request_id, row_number() OVER (
            PARTITION BY subtask.parent_task_request_id ORDER BY subtask."timestamp", subtask.request_id) AS number
        FROM subtask
        LEFT JOIN subtask AS before ON before.request_id = subtask.parent_request_id
            AND before.parent_task_request_id = subtask.parent_task_request_id
        WHERE before.request_id IS NULL
    ), numbered AS (
        SELECT request_id, number FROM opening
        UNION ALL
        SELECT subtask.request_id, numbered.number
        FROM numbered
        JOIN subtask AS before ON before.request_id = numbered.request_id
        JOIN subtask ON subtask.parent_request_id = before.request_id
            AND subtask.parent_task_request_id = before.parent_task_request_id
    )
    UPDATE api_requests AS request
    SET conversation_id = coalesce(placed.conversation_id, request.conversation_id),
        branch_id = 'subtask_' || numbered.number
    FROM placed
    JOIN numbered USING (request_id)
    WHERE request.request_id = placed.request_id;

    ANALYZE api_requests;
END $nexus$;
