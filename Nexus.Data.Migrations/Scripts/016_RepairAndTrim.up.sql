-- What the original's bootstrap file named otherwise.
DROP INDEX IF EXISTS idx_chunks_request_id, idx_requests_account_id, idx_requests_current_hash, idx_requests_model,
    idx_requests_parent_hash, idx_requests_request_type, idx_requests_timestamp, idx_requests_train_id;

-- One set of defaults and nullabilities. Unknown is null: a default of 0 would say that nothing was used.
DO $nexus$
BEGIN
    IF EXISTS (SELECT FROM api_requests WHERE headers IS NULL) THEN
        UPDATE api_requests SET headers = '{}' WHERE headers IS NULL;
    END IF;
END $nexus$;
ALTER TABLE api_requests
    ALTER COLUMN headers SET NOT NULL,
    ALTER COLUMN input_tokens DROP DEFAULT,
    ALTER COLUMN output_tokens DROP DEFAULT,
    ALTER COLUMN total_tokens DROP DEFAULT;

-- Only what is shorter is made longer: even a change to the same type is refused where a view reads the column.
DO $nexus$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('api_requests') AND attname = 'path' AND NOT attisdropped
            AND format_type(atttypid, NULL) = 'character varying' AND atttypmod BETWEEN 4 AND 4 + 1023) THEN
        ALTER TABLE api_requests ALTER COLUMN path TYPE character varying(1024);
    END IF;
END $nexus$;

DO $nexus$
BEGIN
    UPDATE api_requests
    SET total_tokens = least(coalesce(input_tokens, 0)::bigint + coalesce(output_tokens, 0), 2147483647)
    WHERE total_tokens IS NULL AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL);
    IF FOUND THEN
        ANALYZE api_requests;
    END IF;
END $nexus$;
