-- Analyses and who asked for them.
CREATE TYPE conversation_analysis_status AS ENUM ('pending', 'processing', 'completed', 'failed');

CREATE TABLE conversation_analyses (
    id bigserial PRIMARY KEY,
    conversation_id uuid NOT NULL,
    branch_id varchar(255) NOT NULL DEFAULT 'main',
    status conversation_analysis_status NOT NULL DEFAULT 'pending',
    model_used varchar(255) DEFAULT 'gemini-2.5-pro',
    analysis_content text,
    analysis_data jsonb,
    raw_response jsonb,
    error_message text,
    retry_count integer DEFAULT 0,
    generated_at timestamptz,
    processing_duration_ms integer,
    prompt_tokens integer,
    completion_tokens integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    custom_prompt text,
    UNIQUE (conversation_id, branch_id)
);

CREATE TABLE analysis_audit_log (
    id serial PRIMARY KEY,
    event_type varchar(50) NOT NULL,
    outcome varchar(50) NOT NULL,
    conversation_id uuid NOT NULL,
    branch_id varchar(255) NOT NULL,
    domain varchar(255) NOT NULL,
    request_id varchar(255) NOT NULL,
    user_context jsonb DEFAULT '{}',
    metadata jsonb DEFAULT '{}',
    "timestamp" timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS idx_audit_conversation ON analysis_audit_log (conversation_id, branch_id);
CREATE INDEX IF NOT EXISTS idx_audit_domain ON analysis_audit_log (domain);
CREATE INDEX IF NOT EXISTS idx_audit_event_type ON analysis_audit_log (event_type);
CREATE INDEX IF NOT EXISTS idx_audit_timestamp ON analysis_audit_log ("timestamp");
CREATE INDEX IF NOT EXISTS idx_conversation_analyses_conversation ON conversation_analyses (conversation_id, branch_id);
CREATE INDEX IF NOT EXISTS idx_conversation_analyses_has_custom_prompt ON conversation_analyses ((custom_prompt IS NOT NULL))
    WHERE custom_prompt IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_conversation_analyses_status ON conversation_analyses (status) WHERE status = 'pending';

CREATE OR REPLACE FUNCTION trigger_set_timestamp() RETURNS trigger AS $$
BEGIN
    NEW.updated_at = NOW();
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

CREATE TRIGGER set_timestamp_on_conversation_analyses
    BEFORE UPDATE ON conversation_analyses
    FOR EACH ROW EXECUTE FUNCTION trigger_set_timestamp();
