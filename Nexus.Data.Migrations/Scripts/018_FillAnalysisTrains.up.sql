-- The train of each analysis, by its branch's requests, else by its conversation's: the original has mixed trains in one. The time of a row's last change stays as it is.
DO $nexus$
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '018' THEN
        RETURN;
    END IF;

    ALTER TABLE conversation_analyses DISABLE TRIGGER USER;
    UPDATE conversation_analyses a SET train_id = request.train_id
    FROM conversation_analyses analysed, LATERAL (
        SELECT r.train_id FROM api_requests r WHERE r.conversation_id = analysed.conversation_id
        ORDER BY (r.branch_id = analysed.branch_id) IS TRUE DESC, r."timestamp", r.request_id LIMIT 1) request
    WHERE a.id = analysed.id AND a.train_id IS NULL;
    ALTER TABLE conversation_analyses ENABLE TRIGGER USER;
    ANALYZE conversation_analyses;
END $nexus$;
