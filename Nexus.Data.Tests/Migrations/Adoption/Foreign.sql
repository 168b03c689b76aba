-- What another maker may have added to the original's tables.
ALTER TABLE api_requests
    ADD COLUMN cost_centre varchar(20) NOT NULL DEFAULT 'none',
    ADD COLUMN reviewed_at timestamptz;
UPDATE api_requests SET cost_centre = 'centre ' || length(path);

CREATE INDEX idx_foreign_reviewed ON api_requests (reviewed_at, cost_centre);

CREATE TABLE invoices (
    id serial PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES api_requests (request_id),
    amount numeric(12, 4) NOT NULL
);
INSERT INTO invoices (request_id, amount) SELECT request_id, 12.3400 FROM api_requests LIMIT 5;

-- The type of a column that a view reads cannot be changed, not even to the same.
CREATE VIEW foreign_report AS SELECT request_id, method, headers, input_tokens, output_tokens, cost_centre FROM api_requests;
