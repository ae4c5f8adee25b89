-- Programs that publish without a secret: whose word about them counts, and what they may do. Owner: hub_account.

-- A program that `issuer` vouches for, with these claims (JSON, text by text), may act for user_id. With a repository it
-- writes there; without one it reads what its person was let in to.
CREATE TABLE trusted_publisher (
    id             BIGINT NOT NULL PRIMARY KEY,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    repo_kind      TEXT   NOT NULL DEFAULT '',
    repo_id        BIGINT NOT NULL DEFAULT 0,
    resource       TEXT   NOT NULL,
    resource_key   TEXT   NOT NULL,
    issuer         TEXT   NOT NULL,
    claims         TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL,
    used_ms        BIGINT
);
CREATE INDEX trusted_publisher_by_user ON trusted_publisher (user_id, id);
CREATE INDEX trusted_publisher_by_resource ON trusted_publisher (resource_key, issuer);
