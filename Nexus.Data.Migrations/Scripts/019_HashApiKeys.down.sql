-- Nobody knows the keys: in their place stands what was never a key, and no row counts any more.
UPDATE train_api_keys
SET api_key = 'retired_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, '019 HashApiKeys, undone')
WHERE api_key IS NULL;
