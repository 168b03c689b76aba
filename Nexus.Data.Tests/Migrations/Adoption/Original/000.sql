-- The request log. Columns in the order of the original, as it names them.
CREATE TABLE api_requests (
    request_id uuid PRIMARY KEY,
    domain varchar(255) NOT NULL,
    "timestamp" timestamptz NOT NULL,
    method varchar(10) NOT NULL,
    path varchar(1024) NOT NULL,
    headers jsonb NOT NULL,
    body jsonb,
    api_key_id varchar(50),
    ip_address varchar(45),
    model varchar(100),
    request_type varchar(50),
    response_status integer,
    response_headers jsonb,
    response_body jsonb,
    response_streaming boolean DEFAULT false,
    input_tokens integer,
    output_tokens integer,
    cache_creation_input_tokens integer DEFAULT 0,
    cache_read_input_tokens integer DEFAULT 0,
    usage_data jsonb,
    duration_ms integer,
    completed_at timestamptz,
    error text,
    tool_call_count integer DEFAULT 0,
    created_at timestamptz DEFAULT now()
);

CREATE TABLE streaming_chunks (
    id serial PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES api_requests (request_id) ON DELETE CASCADE,
    chunk_index integer NOT NULL,
    "timestamp" timestamptz NOT NULL,
    data text NOT NULL,
    token_count integer DEFAULT 0,
    created_at timestamptz DEFAULT now(),
    UNIQUE (request_id, chunk_index)
);

CREATE INDEX IF NOT EXISTS idx_api_requests_domain ON api_requests (domain);
CREATE INDEX IF NOT EXISTS idx_api_requests_model ON api_requests (model);
CREATE INDEX IF NOT EXISTS idx_api_requests_request_type ON api_requests (request_type);
CREATE INDEX IF NOT EXISTS idx_api_requests_timestamp ON api_requests ("timestamp");
CREATE INDEX IF NOT EXISTS idx_streaming_chunks_request_id ON streaming_chunks (request_id, chunk_index);

CREATE MATERIALIZED VIEW hourly_stats AS
SELECT
    date_trunc('hour', "timestamp") AS hour,
    domain,
    model,
    count(*) AS request_count,
    sum(input_tokens) AS total_input_tokens,
    sum(output_tokens) AS total_output_tokens,
    sum(cache_creation_input_tokens) AS total_cache_creation_tokens,
    sum(cache_read_input_tokens) AS total_cache_read_tokens,
    avg(duration_ms) AS avg_response_time,
    sum(tool_call_count) AS total_tool_calls
FROM api_requests
WHERE "timestamp" > now() - interval '7 days'
GROUP BY date_trunc('hour', "timestamp"), domain, model;

CREATE INDEX IF NOT EXISTS idx_hourly_stats_hour_domain ON hourly_stats (hour DESC, domain);

CREATE FUNCTION refresh_hourly_stats() RETURNS void AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_stats;
END;
$$ LANGUAGE plpgsql;
