-- What people and organisations say about themselves, and their pictures. Owner: hub_account.

-- One row for whoever said something. `verified` is 1 when an administrator of the instance entered kind and country.
CREATE TABLE profile (
    namespace_id   BIGINT NOT NULL PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    bio            TEXT   NOT NULL DEFAULT '',
    website        TEXT   NOT NULL DEFAULT '',
    twitter        TEXT   NOT NULL DEFAULT '',
    github         TEXT   NOT NULL DEFAULT '',
    linkedin       TEXT   NOT NULL DEFAULT '',
    bluesky        TEXT   NOT NULL DEFAULT '',
    kind           TEXT   NOT NULL DEFAULT '',
    country        TEXT   NOT NULL DEFAULT '',
    source         TEXT   NOT NULL DEFAULT '',
    verified       BIGINT NOT NULL DEFAULT 0,
    changed_ms     BIGINT NOT NULL
);
CREATE INDEX profile_by_country ON profile (country, namespace_id);

-- Pictures as they are served: square, small, drawn anew from what was sent.
CREATE TABLE profile_picture (
    namespace_id   BIGINT NOT NULL PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    media_type     TEXT   NOT NULL,
    etag           TEXT   NOT NULL,
    bytes          BLOB   NOT NULL
);
