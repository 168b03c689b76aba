-- Fills the new column, where this run has made it: the parent is the newest earlier request of the same train and
-- conversation whose hash of all messages is this request's hash of the messages before. One sort, however many
-- requests share a hash: each line has the number of parents seen so far, and lines of one number share the last.
DO $nexus$
DECLARE
    train name;
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '007' OR NOT EXISTS (SELECT FROM api_requests) THEN
        RETURN;
    END IF;

    SELECT min(attname::text) INTO train
    FROM pg_attribute
    WHERE attrelid = to_regclass('api_requests') AND attname IN ('domain', 'train_id') AND NOT attisdropped;

    EXECUTE format($sql$
        WITH line AS (
            SELECT %1$I AS train, conversation_id, current_message_hash AS hash, "timestamp", 1 AS is_parent, request_id
            FROM api_requests
            WHERE conversation_id IS NOT NULL AND current_message_hash IS NOT NULL
            UNION ALL
            SELECT %1$I, conversation_id, parent_message_hash, "timestamp", 0, request_id
            FROM api_requests
            WHERE conversation_id IS NOT NULL AND parent_message_hash IS NOT NULL
        ), numbered AS (
            SELECT *, sum(is_parent) OVER (
                PARTITION BY train, conversation_id, hash
                ORDER BY "timestamp", is_parent, request_id ROWS UNBOUNDED PRECEDING) AS parents_seen
            FROM line
        ), matched AS (
            SELECT request_id, is_parent, parents_seen, first_value(request_id) OVER (
                PARTITION BY train, conversation_id, hash, parents_seen
                ORDER BY is_parent DESC ROWS UNBOUNDED PRECEDING) AS parent_id
            FROM numbered
        )
        UPDATE api_requests AS request
        SET parent_request_id = matched.parent_id
        FROM matched
        WHERE matched.is_parent = 0 AND matched.parents_seen > 0 AND request.request_id = matched.request_id
        $sql$, train);

    ANALYZE api_requests;
END $nexus$;
