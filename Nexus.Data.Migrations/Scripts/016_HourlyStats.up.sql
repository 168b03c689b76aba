-- A refresh beside readers needs a unique index; one by the application's role, the owner's rights. Hours begin in UTC,
-- whoever refreshes: the query of the original takes the session's zone.
CREATE UNIQUE INDEX IF NOT EXISTS idx_hourly_stats_key ON hourly_stats (hour, train_id, model);
DO $nexus$
BEGIN
    EXECUTE format($sql$
        CREATE OR REPLACE FUNCTION refresh_hourly_stats() RETURNS void LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = %I, pg_temp SET timezone = 'UTC' AS $function$
        BEGIN
            REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_stats;
        END
        $function$
        $sql$, (SELECT nspname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                WHERE pg_class.oid = 'hourly_stats'::regclass));
END $nexus$;
