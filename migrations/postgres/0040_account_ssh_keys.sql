-- Public keys with which people sign in over SSH, and secrets of this instance. Owner: hub_account.

-- A key belongs to one account: `fingerprint` is the SHA-256 of `public_key`, which is the key as SSH sends it.
CREATE TABLE ssh_key (
    id                 BIGINT NOT NULL PRIMARY KEY,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    title              TEXT   NOT NULL,
    public_key         BYTEA  NOT NULL,
    fingerprint        BYTEA  NOT NULL UNIQUE,
    created_ms         BIGINT NOT NULL,
    last_used_ms       BIGINT
);
CREATE INDEX ssh_key_by_user ON ssh_key (user_id);

-- Made at first use and kept: the seed of the host key, the key that signs passes for large files.
CREATE TABLE account_secret (
    name               TEXT   NOT NULL PRIMARY KEY,
    value              BYTEA  NOT NULL
);
