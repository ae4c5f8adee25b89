-- Repositories: addresses, git objects, references, large files, facts and counts. Owner: hub_repo.
-- Whole numbers are BIGINT, moments are milliseconds since 1970, hashes are raw bytes, JSON is TEXT.

-- One row a repository. The owner's name is kept beside its id because lists sort and filter by it.
CREATE TABLE repo (
    id             BIGINT NOT NULL PRIMARY KEY,
    kind           BIGINT NOT NULL,
    namespace_id   BIGINT NOT NULL REFERENCES namespace (id),
    namespace      TEXT   NOT NULL,
    namespace_key  TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    name_key       TEXT   NOT NULL,
    visibility     TEXT   NOT NULL,
    gated          TEXT   NOT NULL DEFAULT '',
    disabled       BIGINT NOT NULL DEFAULT 0,
    created_by     BIGINT NOT NULL,
    created_ms     BIGINT NOT NULL,
    modified_ms    BIGINT NOT NULL,
    settings       TEXT   NOT NULL DEFAULT '{}',
    facts          TEXT   NOT NULL DEFAULT '{}',
    parameters     BIGINT,
    used_bytes     BIGINT NOT NULL DEFAULT 0,
    downloads      BIGINT NOT NULL DEFAULT 0,
    downloads_all  BIGINT NOT NULL DEFAULT 0,
    likes          BIGINT NOT NULL DEFAULT 0,
    trending       BIGINT NOT NULL DEFAULT 0,
    UNIQUE (kind, namespace_key, name_key)
);
CREATE INDEX repo_by_namespace ON repo (namespace_id, kind);
CREATE INDEX repo_by_created ON repo (kind, created_ms, id);
CREATE INDEX repo_by_modified ON repo (kind, modified_ms, id);
CREATE INDEX repo_by_downloads ON repo (kind, downloads, id);
CREATE INDEX repo_by_likes ON repo (kind, likes, id);
CREATE INDEX repo_by_trending ON repo (kind, trending, id);

-- Addresses that a repository had before it was renamed or transferred.
CREATE TABLE repo_alias (
    kind           BIGINT NOT NULL,
    namespace_key  TEXT   NOT NULL,
    name_key       TEXT   NOT NULL,
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, namespace_key, name_key)
);
CREATE INDEX repo_alias_by_repo ON repo_alias (repo_id);

-- The tags by which lists filter, derived from the card and the files of the default branch.
CREATE TABLE repo_tag (
    tag            TEXT   NOT NULL,
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, repo_id)
);
CREATE INDEX repo_tag_by_repo ON repo_tag (repo_id);

-- Git objects, keyed within their repository so that knowing an id is never a right to read.
-- Either `data` (the zlib stream) or `content` (the SHA-256 under which the blob store has the bytes) is set.
-- A blob that is an LFS pointer tells its target in `target` and `target_size`.
CREATE TABLE git_object (
    repo_id        BIGINT NOT NULL,
    oid            BYTEA  NOT NULL,
    kind           BIGINT NOT NULL,
    size           BIGINT NOT NULL,
    data           BYTEA,
    content        BYTEA,
    target         BYTEA,
    target_size    BIGINT,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (repo_id, oid)
);
CREATE INDEX git_object_by_content ON git_object (content) WHERE content IS NOT NULL;
CREATE INDEX git_object_by_target ON git_object (target) WHERE target IS NOT NULL;

-- The commit graph. `generation` is 1 + the greatest of the parents; `ancestors` counts the history, itself included.
CREATE TABLE git_commit (
    repo_id        BIGINT NOT NULL,
    oid            BYTEA  NOT NULL,
    tree           BYTEA  NOT NULL,
    first_parent   BYTEA,
    parents        BYTEA  NOT NULL,
    generation     BIGINT NOT NULL,
    ancestors      BIGINT NOT NULL,
    seconds        BIGINT NOT NULL,
    PRIMARY KEY (repo_id, oid)
);
CREATE INDEX git_commit_by_generation ON git_commit (repo_id, generation);

-- Which commits changed a path (file or folder), for "last commit" in listings.
CREATE TABLE path_change (
    repo_id        BIGINT NOT NULL,
    path           TEXT   NOT NULL,
    generation     BIGINT NOT NULL,
    commit_oid     BYTEA  NOT NULL,
    PRIMARY KEY (repo_id, path, generation, commit_oid)
);

-- References move by compare-and-swap on `oid`.
CREATE TABLE git_ref (
    repo_id        BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    oid            BYTEA  NOT NULL,
    updated_ms     BIGINT NOT NULL,
    PRIMARY KEY (repo_id, name)
);

-- Content in the blob store that was verified. `copy` tells which of the uploads of this content holds it.
CREATE TABLE large_object (
    sha256         BYTEA  NOT NULL PRIMARY KEY,
    size           BIGINT NOT NULL,
    copy           TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL
);

-- Which repositories hold a large object, and who brought it: the right to read it comes from here.
CREATE TABLE repo_large_object (
    repo_id        BIGINT NOT NULL,
    sha256         BYTEA  NOT NULL,
    pushed_by      BIGINT NOT NULL,
    pushed_ms      BIGINT NOT NULL,
    PRIMARY KEY (repo_id, sha256)
);
CREATE INDEX repo_large_object_by_content ON repo_large_object (sha256);

-- Uploads under way that arrive in pieces or straight at the blob store. Their bytes have no large_object row yet.
CREATE TABLE upload (
    id             TEXT   NOT NULL PRIMARY KEY,
    repo_id        BIGINT NOT NULL,
    user_id        BIGINT NOT NULL,
    sha256         BYTEA  NOT NULL,
    size           BIGINT NOT NULL,
    copy           TEXT   NOT NULL,
    parts          TEXT,
    created_ms     BIGINT NOT NULL
);
CREATE INDEX upload_by_content ON upload (repo_id, sha256);
CREATE INDEX upload_by_created ON upload (created_ms);

-- Downloads in daily buckets per class of file and class of client.
CREATE TABLE download_day (
    repo_id        BIGINT NOT NULL,
    day            BIGINT NOT NULL,
    file_class     TEXT   NOT NULL,
    client_class   TEXT   NOT NULL,
    count          BIGINT NOT NULL,
    PRIMARY KEY (repo_id, day, file_class, client_class)
);
CREATE INDEX download_day_by_day ON download_day (day);

-- Who was counted already in the present window; `client` is a keyed hash and is forgotten with the window.
CREATE TABLE download_seen (
    repo_id        BIGINT NOT NULL,
    time_window    BIGINT NOT NULL,
    client         BYTEA  NOT NULL,
    PRIMARY KEY (repo_id, time_window, client)
);
CREATE INDEX download_seen_by_window ON download_seen (time_window);

-- Secrets of this instance, made at first start: the key that signs upload links, the key that hashes clients.
CREATE TABLE repo_secret (
    name           TEXT   NOT NULL PRIMARY KEY,
    value          BYTEA  NOT NULL
);
