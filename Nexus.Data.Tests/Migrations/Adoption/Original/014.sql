-- Members of trains.
CREATE TABLE train_members (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    train_id uuid NOT NULL REFERENCES trains (id) ON DELETE CASCADE,
    user_email varchar(255) NOT NULL,
    role varchar(20) NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by varchar(255) NOT NULL,
    CONSTRAINT train_members_role_check CHECK (role IN ('owner', 'member')),
    UNIQUE (train_id, user_email)
);

CREATE INDEX IF NOT EXISTS idx_train_members_role ON train_members (train_id, role);
CREATE INDEX IF NOT EXISTS idx_train_members_train_id ON train_members (train_id);
CREATE INDEX IF NOT EXISTS idx_train_members_user_email ON train_members (user_email);
