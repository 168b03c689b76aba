-- Gives every train without members an owner to be replaced by a real one, where this run has made the table.
DO $nexus$
BEGIN
    IF current_setting('nexus.new_step', true) IS DISTINCT FROM '014' THEN
        RETURN;
    END IF;

    INSERT INTO train_members (train_id, user_email, role, added_by)
    SELECT id, 'todo@localhost', 'owner', 'system'
    FROM trains
    WHERE NOT EXISTS (SELECT FROM train_members WHERE train_members.train_id = trains.id);

    ANALYZE train_members;
END $nexus$;
