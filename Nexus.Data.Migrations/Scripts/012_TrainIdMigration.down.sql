DO $nexus$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('hourly_stats') AND attname = 'train_id' AND NOT attisdropped) THEN
        ALTER MATERIALIZED VIEW hourly_stats RENAME COLUMN train_id TO domain;
    END IF;

    IF to_regclass('idx_hourly_stats_hour_train') IS NOT NULL
        AND to_regclass('idx_hourly_stats_hour_domain') IS NULL THEN
        ALTER INDEX idx_hourly_stats_hour_train RENAME TO idx_hourly_stats_hour_domain;
    END IF;
END $nexus$;
