-- The end of each access token, as it is there in clear.
DO $nexus$
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '018' THEN
        RETURN;
    END IF;

    UPDATE anthropic_credentials SET oauth_token_suffix = right(oauth_access_token, 4)
    WHERE length(oauth_access_token) >= 16;
    ANALYZE anthropic_credentials;
END $nexus$;
