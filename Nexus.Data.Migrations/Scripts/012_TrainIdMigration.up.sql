-- information_schema knows no materialized views: the view's column is looked up in the catalog itself. The refresh
-- is an ordinary one, since a concurrent one needs a unique index.
DO $nexus$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('hourly_stats') AND attname = 'domain' AND NOT attisdropped) THEN
        ALTER MATERIALIZED VIEW hourly_stats RENAME COLUMN domain TO train_id;
        PERFORM set_config('timezone', 'UTC', true);
        REFRESH MATERIALIZED VIEW hourly_stats;
        ANALYZE hourly_stats;
    END IF;

    IF to_regclass('idx_hourly_stats_hour_domain') IS NOT NULL
        AND to_regclass('idx_hourly_stats_hour_train') IS NULL THEN
        ALTER INDEX idx_hourly_stats_hour_domain RENAME TO idx_hourly_stats_hour_train;
    END IF;
END $nexus$;
