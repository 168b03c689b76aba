-- The statistics by hour and the function that refreshes them. A database that has the train's column under its later
-- name gets the view with that name.
DO $nexus$
DECLARE
    train name;
BEGIN
    IF to_regclass('hourly_stats') IS NULL THEN
        SELECT min(attname::text) INTO train
        FROM pg_attribute
        WHERE attrelid = to_regclass('api_requests') AND attname IN ('domain', 'train_id') AND NOT attisdropped;

        EXECUTE format($sql$
            CREATE MATERIALIZED VIEW hourly_stats AS
            SELECT
                date_trunc('hour', "timestamp", 'UTC') AS hour,
                %I,
                model,
                count(*) AS request_count,
                sum(input_tokens) AS total_input_tokens,
                sum(output_tokens) AS total_output_tokens,
                sum(cache_creation_input_tokens) AS total_cache_creation_tokens,
                sum(cache_read_input_tokens) AS total_cache_read_tokens,
                avg(duration_ms) AS avg_response_time,
                sum(tool_call_count) AS total_tool_calls
            FROM api_requests
            WHERE "timestamp" >= now() - interval '7 days'
            GROUP BY 1, 2, 3
            $sql$, train);
    END IF;

    SELECT min(attname::text) INTO train
    FROM pg_attribute
    WHERE attrelid = to_regclass('hourly_stats') AND attname IN ('domain', 'train_id') AND NOT attisdropped;

    IF to_regclass('idx_hourly_stats_hour_domain') IS NULL AND to_regclass('idx_hourly_stats_hour_train') IS NULL THEN
        EXECUTE format(
            'CREATE INDEX %I ON hourly_stats (hour DESC, %I)',
            CASE train WHEN 'domain' THEN 'idx_hourly_stats_hour_domain' ELSE 'idx_hourly_stats_hour_train' END,
            train);
    END IF;

    COMMENT ON MATERIALIZED VIEW hourly_stats IS
        'Requests by hour, train and model, of the week before the last refresh.';
    COMMENT ON COLUMN hourly_stats.hour IS 'Beginning of the hour, in UTC.';
    EXECUTE format('COMMENT ON COLUMN hourly_stats.%I IS %L', train, 'Slug of the train.');
    COMMENT ON COLUMN hourly_stats.model IS 'Model that was asked for.';
    COMMENT ON COLUMN hourly_stats.request_count IS 'Requests in the hour.';
    COMMENT ON COLUMN hourly_stats.total_input_tokens IS 'Tokens read, without the cache''s.';
    COMMENT ON COLUMN hourly_stats.total_output_tokens IS 'Tokens written.';
    COMMENT ON COLUMN hourly_stats.total_cache_creation_tokens IS 'Tokens put into the cache.';
    COMMENT ON COLUMN hourly_stats.total_cache_read_tokens IS 'Tokens from the cache.';
    COMMENT ON COLUMN hourly_stats.avg_response_time IS 'Mean milliseconds from a call to the end of its answer.';
    COMMENT ON COLUMN hourly_stats.total_tool_calls IS 'Tool uses in the answers.';

    -- Fails until the view has a unique index, which no step of the sequence makes.
    IF to_regprocedure('refresh_hourly_stats()') IS NULL THEN
        CREATE FUNCTION refresh_hourly_stats() RETURNS void LANGUAGE plpgsql AS $function$
        BEGIN
            REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_stats;
        END
        $function$;
    END IF;
END $nexus$;
