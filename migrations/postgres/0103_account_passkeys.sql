-- Passkeys (WebAuthn), and challenges that wait for their answer. Owner: hub_account.

CREATE TABLE passkey (
    id                 BIGINT NOT NULL PRIMARY KEY,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    credential_id      BYTEA  NOT NULL UNIQUE,
    public_key         BYTEA  NOT NULL,
    name               TEXT   NOT NULL,
    sign_count         BIGINT NOT NULL,
    created_ms         BIGINT NOT NULL,
    last_used_ms       BIGINT
);
CREATE INDEX passkey_by_user ON passkey (user_id);

-- Kept for some minutes under its SHA-256, and used up by the first answer. user_id is whose answer it must be.
CREATE TABLE passkey_challenge (
    hash               BYTEA  NOT NULL PRIMARY KEY,
    purpose            TEXT   NOT NULL,
    user_id            BIGINT REFERENCES namespace (id) ON DELETE CASCADE,
    expires_ms         BIGINT NOT NULL
);
CREATE INDEX passkey_challenge_by_end ON passkey_challenge (expires_ms);
CREATE INDEX passkey_challenge_by_user ON passkey_challenge (user_id);
