-- Identities of other houses that open accounts here, and browsers that are on their way there. Owner: hub_account.

CREATE TABLE sso_identity (
    issuer             TEXT   NOT NULL,
    subject            TEXT   NOT NULL,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    shown              TEXT   NOT NULL,
    created_ms         BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX sso_identity_by_user ON sso_identity (user_id);

-- Kept for some minutes, under the SHA-256 of what the browser carries. user_id is who was signed in and wants to link.
CREATE TABLE sso_pending (
    hash               BLOB   NOT NULL PRIMARY KEY,
    nonce              TEXT   NOT NULL,
    verifier           TEXT   NOT NULL,
    next               TEXT   NOT NULL,
    user_id            BIGINT REFERENCES namespace (id) ON DELETE CASCADE,
    expires_ms         BIGINT NOT NULL
);
CREATE INDEX sso_pending_by_end ON sso_pending (expires_ms);
CREATE INDEX sso_pending_by_user ON sso_pending (user_id);
