-- updated_at is the time of the last change, whoever makes it.
DO $nexus$
BEGIN
    IF to_regprocedure('trigger_set_timestamp()') IS NULL THEN
        CREATE FUNCTION trigger_set_timestamp() RETURNS trigger LANGUAGE plpgsql AS $function$
        BEGIN
            NEW.updated_at = now();
            RETURN NEW;
        END
        $function$;
    END IF;

    IF NOT EXISTS (
        SELECT FROM pg_trigger
        WHERE tgrelid = to_regclass('conversation_analyses') AND tgname = 'set_timestamp_on_conversation_analyses') THEN
        CREATE TRIGGER set_timestamp_on_conversation_analyses
            BEFORE UPDATE ON conversation_analyses
            FOR EACH ROW EXECUTE FUNCTION trigger_set_timestamp();
    END IF;
END $nexus$;
