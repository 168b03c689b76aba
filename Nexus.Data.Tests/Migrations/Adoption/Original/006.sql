-- The hash of the system prompt.
ALTER TABLE api_requests
    ADD COLUMN IF NOT EXISTS system_hash varchar(64);

CREATE INDEX IF NOT EXISTS idx_api_requests_system_hash ON api_requests (system_hash);
