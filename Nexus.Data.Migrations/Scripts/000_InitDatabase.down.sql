DROP FUNCTION IF EXISTS refresh_hourly_stats();
