-- Accounts.
ALTER TABLE api_requests
    ADD COLUMN IF NOT EXISTS account_id varchar(255);

CREATE INDEX IF NOT EXISTS idx_requests_account_timestamp ON api_requests (account_id, "timestamp" DESC)
    WHERE account_id IS NOT NULL;
