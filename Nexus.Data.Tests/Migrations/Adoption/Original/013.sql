-- Credentials, trains, accounts and keys.
CREATE TABLE anthropic_credentials (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id varchar(255) NOT NULL UNIQUE,
    account_name varchar(255) NOT NULL UNIQUE,
    oauth_access_token text NOT NULL,
    oauth_refresh_token text NOT NULL,
    oauth_expires_at timestamptz NOT NULL,
    oauth_scopes text[] NOT NULL,
    oauth_is_max boolean DEFAULT true,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    last_refresh_at timestamptz
);

CREATE TABLE trains (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    train_id varchar(255) NOT NULL UNIQUE,
    name varchar(255) NOT NULL,
    description text,
    slack_enabled boolean DEFAULT false,
    slack_webhook_url text,
    slack_channel varchar(255),
    slack_username varchar(255),
    slack_icon_emoji varchar(255),
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE TABLE train_accounts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    train_id uuid NOT NULL REFERENCES trains (id) ON DELETE CASCADE,
    credential_id uuid NOT NULL REFERENCES anthropic_credentials (id) ON DELETE CASCADE,
    created_at timestamptz DEFAULT now(),
    UNIQUE (train_id, credential_id)
);

CREATE TABLE train_api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    train_id uuid NOT NULL REFERENCES trains (id) ON DELETE CASCADE,
    api_key text NOT NULL UNIQUE,
    key_prefix varchar(20) NOT NULL,
    key_suffix varchar(10) NOT NULL,
    name varchar(255),
    created_by varchar(255),
    created_at timestamptz DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by varchar(255)
);

CREATE INDEX IF NOT EXISTS idx_credentials_account_id ON anthropic_credentials (account_id);
CREATE INDEX IF NOT EXISTS idx_train_accounts_credential ON train_accounts (credential_id);
CREATE INDEX IF NOT EXISTS idx_train_accounts_train ON train_accounts (train_id);
CREATE INDEX IF NOT EXISTS idx_train_api_keys_key ON train_api_keys (api_key)
    WHERE revoked_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_train_api_keys_train ON train_api_keys (train_id);
CREATE INDEX IF NOT EXISTS idx_trains_train_id ON trains (train_id);
