-- Hashes, conversations and branches.
ALTER TABLE api_requests
    ADD COLUMN IF NOT EXISTS current_message_hash char(64),
    ADD COLUMN IF NOT EXISTS parent_message_hash char(64),
    ADD COLUMN IF NOT EXISTS conversation_id uuid,
    ADD COLUMN IF NOT EXISTS branch_id varchar(255) DEFAULT 'main',
    ADD COLUMN IF NOT EXISTS message_count integer DEFAULT 0;

CREATE INDEX IF NOT EXISTS idx_requests_branch_id ON api_requests (branch_id);
CREATE INDEX IF NOT EXISTS idx_requests_conversation_branch ON api_requests (conversation_id, branch_id);
CREATE INDEX IF NOT EXISTS idx_requests_conversation_id ON api_requests (conversation_id);
CREATE INDEX IF NOT EXISTS idx_requests_current_message_hash ON api_requests (current_message_hash);
CREATE INDEX IF NOT EXISTS idx_requests_message_count ON api_requests (message_count);
CREATE INDEX IF NOT EXISTS idx_requests_parent_message_hash ON api_requests (parent_message_hash);
