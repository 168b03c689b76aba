-- As the sequence left it: the refresh fails for want of a unique index, and one index matches no row.
CREATE OR REPLACE FUNCTION refresh_hourly_stats() RETURNS void LANGUAGE plpgsql SECURITY INVOKER AS $function$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_stats;
END
$function$;
ALTER FUNCTION refresh_hourly_stats() RESET ALL;
DROP INDEX IF EXISTS idx_hourly_stats_key;
CREATE INDEX IF NOT EXISTS idx_api_requests_task_name ON api_requests ((response_body::text))
    WHERE response_body IS NOT NULL AND response_body::text LIKE '%"name":"Task"%';
