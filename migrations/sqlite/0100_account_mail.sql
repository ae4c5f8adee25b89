-- Addresses of mail that are known to receive mail, and those that wait for their proof. Owner: hub_account.

ALTER TABLE account_user ADD COLUMN email_verified_ms BIGINT;

-- A link was sent to the address; whoever opens it proves that they read there. One for each person at most.
CREATE TABLE email_proof (
    user_id            BIGINT NOT NULL PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    hash               BLOB   NOT NULL UNIQUE,
    email              TEXT   NOT NULL,
    expires_ms         BIGINT NOT NULL
);
