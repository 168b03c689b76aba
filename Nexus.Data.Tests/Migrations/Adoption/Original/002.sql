-- As the original was meant to be: its own script fails.
CREATE INDEX IF NOT EXISTS idx_requests_conversation_detail ON api_requests
    (conversation_id, "timestamp", request_id, domain, model, input_tokens, output_tokens, branch_id)
    WHERE conversation_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_requests_conversation_timestamp ON api_requests (conversation_id, "timestamp")
    WHERE conversation_id IS NOT NULL;
