-- Apps that people and organisations register, what people allowed them, and the keys that sign id tokens.
-- Owner: hub_account. Of secrets and codes only the SHA-256 is kept; a signing key must be read again.

-- An app without owner_id belongs to the house. Without secret_hash it is public: it proves itself by PKCE alone.
-- redirect_uris has one address a line; scopes are words with a space between, and none means a full token.
ALTER TABLE oauth_app ADD COLUMN owner_id BIGINT REFERENCES namespace (id) ON DELETE CASCADE;
ALTER TABLE oauth_app ADD COLUMN secret_hash BYTEA;
ALTER TABLE oauth_app ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_app ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_app ADD COLUMN homepage TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_app ADD COLUMN created_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX oauth_app_by_owner ON oauth_app (owner_id);

ALTER TABLE oauth_device ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

-- The value that was replaced last: who sends it again has stolen it, or lost what replaced it to a thief.
ALTER TABLE oauth_refresh ADD COLUMN previous_hash BYTEA;
CREATE INDEX oauth_refresh_by_previous ON oauth_refresh (previous_hash);
CREATE INDEX oauth_refresh_by_app ON oauth_refresh (app_id);

-- What a person allowed an app. orgs are keys with a space between.
CREATE TABLE oauth_consent (
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    app_id             BIGINT NOT NULL REFERENCES oauth_app (id) ON DELETE CASCADE,
    scopes             TEXT   NOT NULL,
    orgs               TEXT   NOT NULL,
    created_ms         BIGINT NOT NULL,
    PRIMARY KEY (user_id, app_id)
);
CREATE INDEX oauth_consent_by_app ON oauth_consent (app_id);

-- A code on its way through a browser. One that was used stays until its end, so that a second use ends its token.
CREATE TABLE oauth_code (
    hash               BYTEA  NOT NULL PRIMARY KEY,
    app_id             BIGINT NOT NULL REFERENCES oauth_app (id) ON DELETE CASCADE,
    user_id            BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    redirect_uri       TEXT   NOT NULL,
    scopes             TEXT   NOT NULL,
    orgs               TEXT   NOT NULL,
    nonce              TEXT,
    challenge          TEXT,
    auth_ms            BIGINT NOT NULL,
    expires_ms         BIGINT NOT NULL,
    token_id           BIGINT
);
CREATE INDEX oauth_code_by_end ON oauth_code (expires_ms);
CREATE INDEX oauth_code_by_user ON oauth_code (user_id);
CREATE INDEX oauth_code_by_app ON oauth_code (app_id);

-- Keys of ES256, newest signs; an older one is shown until nothing that it signed is valid any more.
CREATE TABLE oauth_key (
    kid                TEXT   NOT NULL PRIMARY KEY,
    private_key        BYTEA  NOT NULL,
    created_ms         BIGINT NOT NULL
);
