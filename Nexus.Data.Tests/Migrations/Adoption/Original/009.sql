-- An index over whole answers.
CREATE INDEX IF NOT EXISTS idx_api_requests_response_body_gin ON api_requests USING gin (response_body);
