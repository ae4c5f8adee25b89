-- Buckets: files that change in place. Owner: hub_repo. A bucket is also a row of `repo`, which has its address and who may
-- have it. Its content lies in the same store as that of large files, and is held in `repo_large_object` like theirs.

-- One row a bucket: its totals, and the numbers of its changes. `forgotten` is the last change that is no longer told.
-- Whoever changes files locks this row first, so that totals are exact and changes are numbered in the order of commits.
CREATE TABLE bucket (
    repo_id        BIGINT NOT NULL PRIMARY KEY REFERENCES repo (id) ON DELETE CASCADE,
    files          BIGINT NOT NULL DEFAULT 0,
    size_bytes     BIGINT NOT NULL DEFAULT 0,
    last_change    BIGINT NOT NULL DEFAULT 0,
    changed_ms     BIGINT NOT NULL,
    forgotten      BIGINT NOT NULL DEFAULT 0,
    forgotten_ms   BIGINT NOT NULL DEFAULT 0
);

-- Files. `folder` is the path of the folder, empty at the root. `modified_ms` is what the sender says, with the rest of it
-- below a millisecond; `uploaded_ms` is ours. Paths are ordered by their bytes.
CREATE TABLE bucket_file (
    repo_id        BIGINT NOT NULL,
    path           TEXT COLLATE "C" NOT NULL,
    folder         TEXT COLLATE "C" NOT NULL,
    sha256         BYTEA NOT NULL,
    xet            BYTEA NOT NULL,
    size           BIGINT NOT NULL,
    modified_ms    BIGINT,
    modified_ns    BIGINT NOT NULL DEFAULT 0,
    content_type   TEXT,
    uploaded_ms    BIGINT NOT NULL,
    PRIMARY KEY (repo_id, path)
);
CREATE INDEX bucket_file_by_folder ON bucket_file (repo_id, folder, path);
CREATE INDEX bucket_file_by_content ON bucket_file (repo_id, sha256);
CREATE INDEX bucket_file_by_upload ON bucket_file (repo_id, uploaded_ms, path);

-- Folders that files lie in, at whatever depth, so that a listing of one folder costs what it shows.
CREATE TABLE bucket_folder (
    repo_id        BIGINT NOT NULL,
    path           TEXT COLLATE "C" NOT NULL,
    folder         TEXT COLLATE "C" NOT NULL,
    files          BIGINT NOT NULL,
    uploaded_ms    BIGINT NOT NULL,
    PRIMARY KEY (repo_id, path)
);
CREATE INDEX bucket_folder_by_folder ON bucket_folder (repo_id, folder, path);

-- What happened to files lately, for those who follow a bucket.
CREATE TABLE bucket_change (
    repo_id        BIGINT NOT NULL,
    number         BIGINT NOT NULL,
    path           TEXT   NOT NULL,
    what           TEXT   NOT NULL,
    size           BIGINT,
    xet            BYTEA,
    modified_ms    BIGINT,
    at_ms          BIGINT NOT NULL,
    PRIMARY KEY (repo_id, number)
);
CREATE INDEX bucket_change_by_moment ON bucket_change (at_ms);
