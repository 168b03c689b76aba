-- Window functions.
DROP INDEX IF EXISTS idx_requests_conversation_timestamp;

CREATE INDEX IF NOT EXISTS idx_requests_conversation_subtask ON api_requests
    (conversation_id, is_subtask, "timestamp", request_id)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_requests_conversation_timestamp_id ON api_requests
    (conversation_id, "timestamp" DESC, request_id DESC)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_requests_request_id ON api_requests (request_id);
