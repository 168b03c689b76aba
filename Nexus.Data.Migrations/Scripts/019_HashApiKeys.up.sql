-- Keys go on working by their hashes, and are in clear nowhere. The program that made them looks them up in clear and can
-- verify none from here on: it takes an operator's word to go on where there are keys that count.
DO $nexus$
BEGIN
    LOCK TABLE train_api_keys IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM train_api_keys WHERE api_key IS NOT NULL AND revoked_at IS NULL)
        AND coalesce(current_setting('nexus.retire_clear_keys', true), '') <> 'on' THEN
        RAISE EXCEPTION 'train_api_keys holds API keys in clear. This step keeps their hashes alone: the keys go on working, but programs that look them up in clear can verify none any more'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Say so by nexus-data migrate --retire-clear-keys, or by SET nexus.retire_clear_keys = ''on'' in this session (PGOPTIONS="-c nexus.retire_clear_keys=on").';
    END IF;

    IF current_setting('nexus.new_step', true) = '019' OR EXISTS (SELECT FROM train_api_keys WHERE api_key IS NOT NULL) THEN
        UPDATE train_api_keys SET key_hash = sha256(convert_to(api_key, 'UTF8')), api_key = NULL
        WHERE api_key IS NOT NULL;

        -- Writes the table anew: old versions of its rows hold keys in clear, those of deleted ones too.
        ALTER TABLE train_api_keys ALTER COLUMN key_hash TYPE bytea USING key_hash || ''::bytea;

        -- Forgets the column's statistics, which held keys as well. Where a view reads the column it is refused, and the
        -- statistics are replaced below.
        BEGIN
            ALTER TABLE train_api_keys ALTER COLUMN api_key TYPE text;
        EXCEPTION WHEN feature_not_supported THEN
            NULL;
        END;
    END IF;

    ALTER TABLE train_api_keys ALTER COLUMN key_hash SET NOT NULL;
END $nexus$;

ANALYZE train_api_keys;
