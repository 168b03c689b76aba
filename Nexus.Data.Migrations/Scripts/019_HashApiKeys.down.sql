-- Nobody knows the keys: in their place stands what no key is, so that none works and each row stays.
UPDATE train_api_keys SET api_key = 'retired_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
WHERE api_key IS NULL;
