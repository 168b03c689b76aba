-- Moves sub-tasks into their parents' conversations and numbers their branches, where this run has made the step's
-- indexes. A sub-task of a sub-task goes where the outermost goes. A sub-task is its first request and those that go on
-- from it: they share its number.
DO $nexus$
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '008' OR NOT EXISTS (SELECT FROM api_requests) THEN
        RETURN;
    END IF;

    -- A table with indexes of its own: over a mere subquery the walks below would compare each row with each.
    CREATE TEMPORARY TABLE nexus_subtask ON COMMIT DROP AS
    SELECT
        request_id, parent_task_request_id AS task_id, parent_request_id AS before_id, "timestamp",
        NULL::uuid AS conversation_id, NULL::bigint AS number
    FROM api_requests
    WHERE is_subtask AND parent_task_request_id IS NOT NULL;

    CREATE UNIQUE INDEX ON nexus_subtask (request_id);
    CREATE INDEX ON nexus_subtask (task_id);
    CREATE INDEX ON nexus_subtask (before_id);
    ANALYZE nexus_subtask;

    WITH RECURSIVE placed AS (
        SELECT subtask.request_id, task.conversation_id
        FROM nexus_subtask AS subtask
        JOIN api_requests AS task ON task.request_id = subtask.task_id
        WHERE NOT EXISTS (SELECT FROM nexus_subtask AS outer_one WHERE outer_one.request_id = subtask.task_id)
        UNION ALL
        SELECT subtask.request_id, placed.conversation_id
        FROM placed
        JOIN nexus_subtask AS subtask ON subtask.task_id = placed.request_id
    )
    UPDATE nexus_subtask AS subtask
    SET conversation_id = placed.conversation_id
    FROM placed
    WHERE placed.request_id = subtask.request_id;

    WITH RECURSIVE numbered AS (
        SELECT subtask.request_id, subtask.task_id, row_number() OVER (
            PARTITION BY subtask.task_id ORDER BY subtask."timestamp", subtask.request_id) AS number
        FROM nexus_subtask AS subtask
        WHERE NOT EXISTS (
            SELECT FROM nexus_subtask AS before
            WHERE before.request_id = subtask.before_id AND before.task_id = subtask.task_id)
        UNION ALL
        SELECT subtask.request_id, subtask.task_id, numbered.number
        FROM numbered
        JOIN nexus_subtask AS subtask ON subtask.before_id = numbered.request_id AND subtask.task_id = numbered.task_id
    )
    UPDATE nexus_subtask AS subtask
    SET number = numbered.number
    FROM numbered
    WHERE numbered.request_id = subtask.request_id;

    ANALYZE nexus_subtask;

    UPDATE api_requests AS request
    SET conversation_id = coalesce(subtask.conversation_id, request.conversation_id),
        branch_id = coalesce('subtask_' || subtask.number, request.branch_id)
    FROM nexus_subtask AS subtask
    WHERE request.request_id = subtask.request_id;

    DROP TABLE nexus_subtask;
    ANALYZE api_requests;
END $nexus$;
