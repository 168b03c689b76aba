-- What a request may hang on, and who may hang on it: the look-up of linking, in one call. Rows come back by their role:
--   parent   the best parent by messages; number: which of the beginnings it has, from 1
--   failed   the first of those that the request repeats after a failure, or whatever became of it
--   retry    the first of those that an opening repeats into silence
--   task     a tool use with the opening's text that opened no sub-task yet, newest first; number: its ordinal
--   waiting  who waits for what the request or its answer shows; number: why
--   again    who sent the same messages within the time in which they may have been a retry
--
-- Each step is a short statement whose plan is made once and ends at its first row, and what cannot be found by then is not
-- asked. The plans must serve a full table although they are made on an empty one: hence the settings.
CREATE OR REPLACE FUNCTION find_links(
    own_id uuid,
    own_train text,
    own_time timestamptz,
    own_system text,
    own_stable_system bytea,
    own_model text,
    own_user bytea,
    own_messages bytea,          -- its link hash; null where nothing counts
    beginnings bytea,            -- link hashes of its proper beginnings, 32 bytes each, longest first; may be empty
    following bytea,             -- hashes of the answers that follow them; 32 zeros where none does
    compatible bytea,            -- the original's hashes of the beginnings; 32 zeros where there is none
    opening_text bytea,          -- hash of an opening's text; null where it is none
    given_away integer,          -- tool uses to be found beyond the first
    shown bytea[],               -- keys by which others may wait for it,
    shown_until timestamptz[],   -- until which time,
    shown_reasons integer[],     -- and why
    retried_since timestamptz,
    repeated_until timestamptz,
    prompted_since timestamptz)
RETURNS TABLE (
    role text, number integer, candidates bigint, is_branch_taken boolean, request_id uuid, "timestamp" timestamptz,
    conversation_id uuid, branch_id text, parent_request_id uuid, parent_task_request_id uuid, is_subtask boolean,
    link_distance integer, retry_of_request_id uuid, link_kind text, current_message_hash text, answer_hash bytea,
    has_same_system boolean)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $find_links$
DECLARE
    place integer := CASE WHEN beginnings <> '' THEN 1 END;
    place_compatible integer;
    hash bytea := substr(beginnings, 1, 32);
    has_retries boolean;
    is_repeated boolean;
    repeated_as text;
    repeated uuid;
    is_prompted boolean;
    is_awaited boolean;
BEGIN
    -- The parent, nearly always: its messages are the last beginning, and its answer follows them.
    IF place = 1 THEN
        SELECT r.request_id INTO request_id FROM api_requests r
        WHERE r.train_id = own_train AND r.answer_hash = sha256(hash || substr(following, 1, 32))
          AND r."timestamp" <= own_time AND r.request_id <> own_id
          AND r.stable_system_hash IS NOT DISTINCT FROM own_stable_system
        ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1;
    END IF;

    -- Else the nearest beginning that is stored, some at a time.
    IF place = 1 AND request_id IS NULL THEN
        place := NULL;
        FOR start IN 1 .. octet_length(beginnings) / 32 BY 16 LOOP
            SELECT min(n) INTO place
            FROM generate_series(start, least(start + 15, octet_length(beginnings) / 32)) n, LATERAL (
                SELECT FROM api_requests r
                WHERE r.train_id = own_train AND r.link_hash = substr(beginnings, n * 32 - 31, 32)
                  AND r."timestamp" <= own_time AND r.request_id <> own_id
                LIMIT 1) found;
            SELECT min(n) INTO place_compatible
            FROM generate_series(start, least(start + 15, octet_length(beginnings) / 32, place - 1)) n, LATERAL (
                SELECT FROM api_requests r
                WHERE r.train_id = own_train
                  AND r.current_message_hash = encode(substr(compatible, n * 32 - 31, 32), 'hex')::character(64)
                  AND r.link_hash IS NULL AND r."timestamp" <= own_time AND r.request_id <> own_id
                LIMIT 1) found;
            EXIT WHEN place IS NOT NULL OR place_compatible IS NOT NULL;
        END LOOP;
    END IF;

    -- Of those with these messages: by the answer that follows, by the system prompt, the newest.
    IF place_compatible IS NOT NULL THEN
        place := place_compatible;
        SELECT r.request_id INTO request_id FROM api_requests r
        WHERE r.train_id = own_train
          AND r.current_message_hash = encode(substr(compatible, place * 32 - 31, 32), 'hex')::character(64)
          AND r.link_hash IS NULL AND r."timestamp" <= own_time AND r.request_id <> own_id
        ORDER BY (r.system_hash IS NOT DISTINCT FROM own_system) DESC, r."timestamp" DESC, r.request_id DESC
        LIMIT 1;
    ELSIF place IS NOT NULL AND request_id IS NULL THEN
        hash := substr(beginnings, place * 32 - 31, 32);
        SELECT coalesce(
            (SELECT r.request_id FROM api_requests r
             WHERE r.train_id = own_train AND r.answer_hash = sha256(hash || substr(following, place * 32 - 31, 32))
               AND r."timestamp" <= own_time AND r.request_id <> own_id
               AND r.stable_system_hash IS NOT DISTINCT FROM own_stable_system
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE r.train_id = own_train AND r.answer_hash = sha256(hash || substr(following, place * 32 - 31, 32))
               AND r."timestamp" <= own_time AND r.request_id <> own_id
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE r.train_id = own_train AND r.link_hash = hash AND r."timestamp" <= own_time AND r.request_id <> own_id
               AND r.stable_system_hash IS NOT DISTINCT FROM own_stable_system
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1),
            (SELECT r.request_id FROM api_requests r
             WHERE r.train_id = own_train AND r.link_hash = hash AND r."timestamp" <= own_time AND r.request_id <> own_id
             ORDER BY r."timestamp" DESC, r.request_id DESC LIMIT 1))
        INTO request_id;
    END IF;

    IF request_id IS NOT NULL THEN
        SELECT r."timestamp", r.conversation_id, r.branch_id, r.parent_request_id, r.parent_task_request_id, r.is_subtask,
               r.link_distance, r.retry_of_request_id, r.link_kind, r.current_message_hash, r.answer_hash,
               CASE WHEN r.link_version IS NULL THEN r.system_hash IS NOT DISTINCT FROM own_system
                    ELSE r.stable_system_hash IS NOT DISTINCT FROM own_stable_system END,
               (SELECT count(*) FROM (
                    SELECT FROM api_requests same
                    WHERE same.train_id = own_train AND same.link_hash = r.link_hash AND same."timestamp" <= own_time
                      AND same.request_id <> own_id
                    LIMIT 100) counted),
               (SELECT true FROM api_requests child
                WHERE child.parent_request_id = r.request_id AND child.branch_id = r.branch_id
                  AND child.claims_branch IS NOT FALSE AND child.request_id <> own_id
                LIMIT 1),
               (SELECT true FROM api_requests again
                WHERE again.retry_of_request_id = coalesce(r.retry_of_request_id, r.request_id)
                LIMIT 1)
        INTO "timestamp", conversation_id, branch_id, parent_request_id, parent_task_request_id, is_subtask,
             link_distance, retry_of_request_id, link_kind, current_message_hash, answer_hash,
             has_same_system, candidates, is_branch_taken, has_retries
        FROM api_requests r WHERE r.request_id = find_links.request_id;

        IF place_compatible IS NOT NULL THEN
            SELECT count(*) INTO candidates FROM (
                SELECT FROM api_requests r
                WHERE r.train_id = own_train AND r.current_message_hash = find_links.current_message_hash::character(64)
                  AND r.link_hash IS NULL AND r."timestamp" <= own_time AND r.request_id <> own_id
                LIMIT 100) same;
        END IF;

        -- A request and its retries count as one.
        IF has_retries AND is_branch_taken IS NULL THEN
            SELECT true INTO is_branch_taken
            FROM (SELECT coalesce(find_links.retry_of_request_id, find_links.request_id) AS request_id
                  UNION ALL
                  SELECT again.request_id FROM api_requests again
                  WHERE again.retry_of_request_id = coalesce(find_links.retry_of_request_id, find_links.request_id)) family,
            LATERAL (
                SELECT FROM api_requests child
                WHERE child.parent_request_id = family.request_id AND child.branch_id = find_links.branch_id
                  AND child.claims_branch IS NOT FALSE AND child.request_id <> own_id
                LIMIT 1) taker
            LIMIT 1;
        END IF;

        role := 'parent';
        number := place;
        RETURN NEXT;
    END IF;

    -- Is there anything else? Mostly not.
    SELECT (SELECT true FROM api_requests r
            WHERE r.train_id = own_train AND r.link_hash = own_messages AND r."timestamp" <= repeated_until
              AND r.request_id <> own_id
            LIMIT 1),
           (SELECT true FROM task_prompts prompt
            WHERE prompt.train_id = own_train AND prompt.prompt_hash = opening_text AND prompt.subtask_request_id IS NULL
              AND prompt."timestamp" BETWEEN prompted_since AND own_time
            LIMIT 1),
           (SELECT true FROM link_waits wait
            WHERE wait.train_id = own_train AND wait.key = ANY (shown) AND wait."timestamp" >= own_time
              AND wait.request_id <> own_id
            LIMIT 1)
    INTO is_repeated, is_prompted, is_awaited;

    -- The newest that the request repeats. An opening prefers a known failure to silence.
    IF is_repeated THEN
        FOREACH repeated_as IN ARRAY ARRAY['failed', 'retry'] LOOP
            SELECT coalesce(r.retry_of_request_id, r.request_id) INTO repeated
            FROM api_requests r, LATERAL (
                SELECT coalesce(
                    r.completed_at, r."timestamp" + r.duration_ms * interval '1 millisecond', r."timestamp") AS time) answer
            WHERE r.train_id = own_train AND r.link_hash = own_messages AND r.request_id <> own_id
              AND r."timestamp" BETWEEN CASE WHEN opening_text IS NULL THEN '-infinity' ELSE retried_since END AND own_time
              AND r.stable_system_hash IS NOT DISTINCT FROM own_stable_system AND r.model IS NOT DISTINCT FROM own_model
              AND (opening_text IS NULL AND r.parent_request_id IS NOT NULL
                   OR r."timestamp" >= retried_since AND (
                       (repeated_as = 'failed' OR opening_text IS NULL)
                       AND (r.error IS NOT NULL OR r.response_status NOT BETWEEN 200 AND 299) AND answer.time <= own_time
                       OR (repeated_as = 'retry' OR opening_text IS NULL)
                       AND (r.error IS NULL AND r.response_status IS NULL AND r.response_body IS NULL
                            OR answer.time > own_time)
                       AND r.user_id_hash = own_user))
            ORDER BY r."timestamp" DESC, r.request_id DESC
            LIMIT 1;
            EXIT WHEN FOUND;
        END LOOP;
    END IF;

    IF is_repeated OR is_prompted OR is_awaited THEN
        RETURN QUERY
        SELECT hit.role, hit.number, 1::bigint, false, r.request_id, r."timestamp", r.conversation_id, r.branch_id::text,
               r.parent_request_id, r.parent_task_request_id, r.is_subtask, r.link_distance, r.retry_of_request_id,
               r.link_kind::text, r.current_message_hash::text, r.answer_hash,
               r.stable_system_hash IS NOT DISTINCT FROM own_stable_system
        FROM (
            SELECT repeated_as AS role, 0 AS number, repeated AS request_id WHERE repeated IS NOT NULL
            UNION ALL
            SELECT 'again', 0, again.request_id FROM api_requests again
            WHERE is_repeated AND again.train_id = own_train AND again.link_hash = own_messages
              AND again."timestamp" BETWEEN own_time AND repeated_until AND again.request_id <> own_id
              AND (again.link_kind = 'root' OR again.retry_of_request_id = own_id)
            UNION ALL
            SELECT 'task', task.ordinal, task.request_id FROM (
                SELECT prompt.request_id, prompt.ordinal FROM task_prompts prompt
                WHERE is_prompted AND prompt.train_id = own_train AND prompt.prompt_hash = opening_text
                  AND prompt.subtask_request_id IS NULL AND prompt."timestamp" BETWEEN prompted_since AND own_time
                  AND prompt.request_id <> own_id
                ORDER BY prompt."timestamp" DESC, prompt.request_id DESC, prompt.ordinal
                LIMIT given_away + 1) task
            UNION ALL
            SELECT 'waiting', max(awaited.reason), wait.request_id
            FROM unnest(shown, shown_until, shown_reasons) AS awaited (key, until, reason), LATERAL (
                SELECT w.request_id FROM link_waits w
                WHERE is_awaited AND w.train_id = own_train AND w.key = awaited.key
                  AND w."timestamp" BETWEEN own_time AND awaited.until AND w.request_id <> own_id OFFSET 0) wait
            GROUP BY wait.request_id) hit
        JOIN api_requests r ON r.request_id = hit.request_id
        WHERE hit.role <> 'waiting' OR hit.number <> 2 OR r.link_kind = 'subtask' AND r."timestamp" > own_time;
    END IF;
END
$find_links$;

-- Answers that begin like a summary, newest first, five at a time, with their bodies. The columns before these are those of
-- find_links.
CREATE OR REPLACE FUNCTION find_summaries(
    own_id uuid,
    own_train text,
    own_time timestamptz,
    own_system text,
    own_stable_system bytea,
    summary bytea,
    summarized_since timestamptz,
    seen integer)
RETURNS TABLE (
    role text, number integer, candidates bigint, is_branch_taken boolean, request_id uuid, "timestamp" timestamptz,
    conversation_id uuid, branch_id text, parent_request_id uuid, parent_task_request_id uuid, is_subtask boolean,
    link_distance integer, retry_of_request_id uuid, link_kind text, current_message_hash text, answer_hash bytea,
    has_same_system boolean, response_body jsonb, response_body_original bytea)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $find_summaries$
BEGIN
    RETURN QUERY
    SELECT 'summary', 0, 1::bigint, false, r.request_id, r."timestamp", r.conversation_id, r.branch_id::text,
           r.parent_request_id, r.parent_task_request_id, r.is_subtask, r.link_distance, r.retry_of_request_id,
           r.link_kind::text, r.current_message_hash::text, r.answer_hash,
           CASE WHEN r.link_version IS NULL THEN r.system_hash IS NOT DISTINCT FROM own_system
                ELSE r.stable_system_hash IS NOT DISTINCT FROM own_stable_system END,
           r.response_body, r.response_body_original
    FROM (
        SELECT key.request_id, key."timestamp" FROM summary_keys key
        WHERE key.train_id = own_train AND key.key = summary AND key."timestamp" BETWEEN summarized_since AND own_time
          AND key.request_id <> own_id
        ORDER BY key."timestamp" DESC, key.request_id DESC
        LIMIT 5 OFFSET seen) found
    JOIN api_requests r ON r.request_id = found.request_id
    ORDER BY found."timestamp" DESC, found.request_id DESC;
END
$find_summaries$;
