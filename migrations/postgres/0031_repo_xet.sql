-- Large files that lie in chunks, beside or instead of in one piece. Owner: hub_repo.

-- `xet` names the file of the chunk store that has the same bytes, and `chunked_ms` tells since when; both are NULL as
-- long as the content lies in one piece only. `copy` is empty once no whole copy is kept; never are both missing.
ALTER TABLE large_object ADD COLUMN xet BYTEA;
ALTER TABLE large_object ADD COLUMN chunked_ms BIGINT;
CREATE INDEX large_object_by_xet ON large_object (xet) WHERE xet IS NOT NULL;
CREATE INDEX large_object_not_chunked ON large_object (sha256) WHERE xet IS NULL;
CREATE INDEX large_object_twice ON large_object (chunked_ms) WHERE xet IS NOT NULL AND copy <> '';

-- Whole copies that no row names any more because their content lies in chunks. They stay until the links and streams
-- that were given out for them have ended.
CREATE TABLE retired_copy (
    sha256         BYTEA  NOT NULL,
    copy           TEXT   NOT NULL,
    retired_ms     BIGINT NOT NULL,
    PRIMARY KEY (sha256, copy)
);
CREATE INDEX retired_copy_by_moment ON retired_copy (retired_ms);
