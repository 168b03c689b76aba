-- Temporal awareness.
CREATE INDEX IF NOT EXISTS idx_api_requests_conv_id_timestamp ON api_requests (conversation_id, "timestamp");
CREATE INDEX IF NOT EXISTS idx_subtask_seq ON api_requests (conversation_id, "timestamp") WHERE branch_id LIKE 'subtask_%';
