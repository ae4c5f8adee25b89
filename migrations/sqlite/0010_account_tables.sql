-- People, organisations, membership, access tokens, invitations. Owner: hub_account.
-- Whole numbers are BIGINT, moments are milliseconds since 1970, hashes are raw bytes, JSON is TEXT.

-- People and organisations share one name space: name_key is the name in lower case.
CREATE TABLE namespace (
    id                 BIGINT NOT NULL PRIMARY KEY,
    name               TEXT   NOT NULL,
    name_key           TEXT   NOT NULL UNIQUE,
    kind               BIGINT NOT NULL,
    full_name          TEXT   NOT NULL,
    default_visibility TEXT   NOT NULL,
    created_ms         BIGINT NOT NULL
);

-- What only people have. A person without password_hash signs in by token alone.
CREATE TABLE account_user (
    id                 BIGINT NOT NULL PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    email              TEXT,
    email_key          TEXT   UNIQUE,
    password_hash      TEXT,
    is_admin           BIGINT NOT NULL DEFAULT 0,
    disabled_ms        BIGINT
);
CREATE INDEX account_user_by_admin ON account_user (is_admin);

CREATE TABLE membership (
    org_id             BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    role               TEXT   NOT NULL,
    created_ms         BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX membership_by_user ON membership (user_id);

-- Only the SHA-256 of a token's value is kept. A revoked token stays, so that an import cannot bring it back to life.
CREATE TABLE access_token (
    id                 BIGINT NOT NULL PRIMARY KEY,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    hash               BLOB   NOT NULL UNIQUE,
    display_name       TEXT   NOT NULL,
    role               TEXT   NOT NULL,
    scopes             TEXT   NOT NULL,
    created_ms         BIGINT NOT NULL,
    expires_ms         BIGINT,
    last_used_ms       BIGINT,
    revoked_ms         BIGINT
);
CREATE INDEX access_token_by_user ON access_token (user_id);

-- An invitation is deleted when it is used or withdrawn.
CREATE TABLE invitation (
    id                 BIGINT NOT NULL PRIMARY KEY,
    hash               BLOB   NOT NULL UNIQUE,
    email              TEXT,
    created_by         BIGINT REFERENCES namespace (id) ON DELETE SET NULL,
    created_ms         BIGINT NOT NULL,
    expires_ms         BIGINT NOT NULL
);
CREATE INDEX invitation_by_creator ON invitation (created_by);

-- The code of the link that makes the first administrator: one row at most, none once there is an administrator.
CREATE TABLE setup_code (
    id                 BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    hash               BLOB   NOT NULL,
    created_ms         BIGINT NOT NULL
);
