-- Sub-tasks.
ALTER TABLE api_requests
    ADD COLUMN IF NOT EXISTS parent_task_request_id uuid REFERENCES api_requests (request_id),
    ADD COLUMN IF NOT EXISTS is_subtask boolean DEFAULT false,
    ADD COLUMN IF NOT EXISTS task_tool_invocation jsonb;

CREATE INDEX IF NOT EXISTS idx_requests_is_subtask ON api_requests (is_subtask);
CREATE INDEX IF NOT EXISTS idx_requests_parent_task_request_id ON api_requests (parent_task_request_id);
CREATE INDEX IF NOT EXISTS idx_requests_task_tool_invocation_gin ON api_requests USING gin (task_tool_invocation)
    WHERE task_tool_invocation IS NOT NULL;
