-- domain becomes train_id. As the original was meant to be: its own script fails where the view is.
ALTER TABLE api_requests RENAME COLUMN domain TO train_id;
ALTER TABLE analysis_audit_log RENAME COLUMN domain TO train_id;
ALTER MATERIALIZED VIEW hourly_stats RENAME COLUMN domain TO train_id;
ALTER INDEX idx_api_requests_domain RENAME TO idx_api_requests_train_id;
ALTER INDEX idx_api_requests_domain_timestamp_response RENAME TO idx_api_requests_train_timestamp_response;
ALTER INDEX idx_audit_domain RENAME TO idx_audit_train;
ALTER INDEX idx_hourly_stats_hour_domain RENAME TO idx_hourly_stats_hour_train;
REFRESH MATERIALIZED VIEW hourly_stats;
