-- Parents.
ALTER TABLE api_requests
    ADD COLUMN IF NOT EXISTS parent_request_id uuid REFERENCES api_requests (request_id);

ALTER TABLE api_requests ADD CONSTRAINT chk_parent_request_not_self CHECK (parent_request_id <> request_id);

CREATE INDEX IF NOT EXISTS idx_api_requests_parent_request_id ON api_requests (parent_request_id);
