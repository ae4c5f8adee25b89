-- Sessions of browsers, failed sign-ins, second factors and links to a new password. Owner: hub_account.
-- Of every secret that a person holds only the SHA-256 is kept; the key of a second factor must be read again.

-- A session without verified_ms waits for the second factor.
CREATE TABLE web_session (
    id                 BIGINT NOT NULL PRIMARY KEY,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    hash               BLOB   NOT NULL UNIQUE,
    client             TEXT   NOT NULL,
    created_ms         BIGINT NOT NULL,
    seen_ms            BIGINT NOT NULL,
    expires_ms         BIGINT NOT NULL,
    verified_ms        BIGINT
);
CREATE INDEX web_session_by_user ON web_session (user_id);
CREATE INDEX web_session_by_end ON web_session (expires_ms);

-- How often in a row someone failed at an account, or from an address; the subject is a hash of either.
CREATE TABLE failed_sign_in (
    subject            BLOB   NOT NULL PRIMARY KEY,
    failures           BIGINT NOT NULL,
    last_ms            BIGINT NOT NULL
);
CREATE INDEX failed_sign_in_by_time ON failed_sign_in (last_ms);

-- The key of an authenticator app. Without confirmed_ms it was shown and not yet proved. last_step is the last used code.
CREATE TABLE second_factor (
    user_id            BIGINT NOT NULL PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    secret             BLOB   NOT NULL,
    confirmed_ms       BIGINT,
    last_step          BIGINT NOT NULL DEFAULT 0
);

-- Codes that stand in for a lost authenticator app, each of them once.
CREATE TABLE recovery_code (
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    hash               BLOB   NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- Links by which a person sets a new password, one for each person at most.
CREATE TABLE password_reset (
    user_id            BIGINT NOT NULL PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    hash               BLOB   NOT NULL UNIQUE,
    expires_ms         BIGINT NOT NULL
);
