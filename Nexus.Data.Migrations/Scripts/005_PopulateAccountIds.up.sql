-- Fills the new column from the map, where this run has made it. The train's column may have its later name already.
DO $nexus$
DECLARE
    train name;
    map jsonb := '{map}';
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '005' OR NOT EXISTS (SELECT FROM api_requests) THEN
        RETURN;
    END IF;

    SELECT min(attname::text) INTO train
    FROM pg_attribute
    WHERE attrelid = to_regclass('api_requests') AND attname IN ('domain', 'train_id') AND NOT attisdropped;

    EXECUTE format($sql$
        UPDATE api_requests AS request
        SET account_id = account.value
        FROM jsonb_each_text($1) AS account
        WHERE request.%I = account.key AND request.account_id IS NULL
        $sql$, train) USING map;

    ANALYZE api_requests;
END $nexus$;
