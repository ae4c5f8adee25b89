-- Apps that sign people in, by the device flow (RFC 8628). Owner: hub_account. Of every secret only the SHA-256 is kept.

CREATE TABLE oauth_app (
    id                 BIGINT NOT NULL PRIMARY KEY,
    client_id          TEXT   NOT NULL UNIQUE,
    name               TEXT   NOT NULL
);

-- The command-line client names this app wherever it is pointed to, so that it exists on every hub.
INSERT INTO oauth_app (id, client_id, name) VALUES (-1, '26be6b09-91c5-47da-9861-d2d2bb7a7e36', 'hf');

-- A device that waits for its owner. answer is empty, 'granted' or 'denied'.
CREATE TABLE oauth_device (
    hash               BYTEA  NOT NULL PRIMARY KEY,
    user_code          TEXT   NOT NULL UNIQUE,
    app_id             BIGINT NOT NULL REFERENCES oauth_app (id) ON DELETE CASCADE,
    user_id            BIGINT REFERENCES namespace (id) ON DELETE CASCADE,
    answer             TEXT   NOT NULL,
    polled_ms          BIGINT NOT NULL,
    expires_ms         BIGINT NOT NULL
);
CREATE INDEX oauth_device_by_user ON oauth_device (user_id);
CREATE INDEX oauth_device_by_end ON oauth_device (expires_ms);

-- What renews an access token of an app; it ends with that token, and is replaced at each use.
CREATE TABLE oauth_refresh (
    token_id           BIGINT NOT NULL PRIMARY KEY REFERENCES access_token (id) ON DELETE CASCADE,
    app_id             BIGINT NOT NULL REFERENCES oauth_app (id) ON DELETE CASCADE,
    hash               BYTEA  NOT NULL UNIQUE,
    expires_ms         BIGINT NOT NULL
);
