DROP FUNCTION IF EXISTS find_links(
    uuid, text, timestamptz, text, bytea, text, bytea, bytea, bytea, bytea, bytea, bytea, integer, bytea[], timestamptz[],
    integer[], timestamptz, timestamptz, timestamptz);
DROP FUNCTION IF EXISTS find_summaries(uuid, text, timestamptz, text, bytea, bytea, timestamptz, integer);
