-- Locks of files, as Git LFS asks for them. Owner: hub_repo.

-- `branch` is the full name of the reference for which the file is locked; empty if it is locked for all of them.
CREATE TABLE lfs_lock (
    repo_id    BIGINT NOT NULL,
    id         BIGINT NOT NULL,
    path       TEXT   NOT NULL,
    branch     TEXT   NOT NULL,
    owner_id   BIGINT NOT NULL,
    locked_ms  BIGINT NOT NULL,
    PRIMARY KEY (repo_id, id),
    UNIQUE (repo_id, path, branch)
);
