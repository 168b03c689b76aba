-- Task indexes.
CREATE INDEX IF NOT EXISTS idx_api_requests_domain_timestamp_response ON api_requests (domain, "timestamp" DESC)
    WHERE response_body IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_api_requests_response_body_task ON api_requests USING gin (response_body)
    WHERE response_body IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_api_requests_task_name ON api_requests ((response_body::text))
    WHERE response_body IS NOT NULL AND response_body::text LIKE '%"name":"Task"%';
