-- One row for each person of a train: addresses are compared without case and without space around them from here on. An
-- owner stays one; of equals the first that was added stays. Each row that goes is told.
DO $nexus$
DECLARE
    gone record;
BEGIN
    LOCK TABLE train_members IN SHARE ROW EXCLUSIVE MODE;
    FOR gone IN
        WITH ranked AS (
            SELECT m.id, row_number() OVER person AS place, first_value(m.user_email) OVER person AS kept
            FROM train_members m
            WINDOW person AS (
                PARTITION BY m.train_id, lower(btrim(m.user_email, E' \t\r\n')) ORDER BY m.role <> 'owner', m.added_at, m.id)
        ), deleted AS (
            DELETE FROM train_members m USING ranked r WHERE m.id = r.id AND r.place > 1
            RETURNING m.train_id, m.user_email, m.role, m.added_by, m.added_at, r.kept
        )
        SELECT t.train_id AS slug, d.* FROM deleted d JOIN trains t ON t.id = d.train_id ORDER BY t.train_id, d.user_email
    LOOP
        RAISE WARNING 'Train %: member % (%, added by % on %) was merged into %, the same address',
            gone.slug, gone.user_email, gone.role, gone.added_by,
            to_char(gone.added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), gone.kept;
    END LOOP;

    UPDATE train_members SET user_email = btrim(user_email, E' \t\r\n')
    WHERE user_email <> btrim(user_email, E' \t\r\n');
END $nexus$;
