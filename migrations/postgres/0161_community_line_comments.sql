-- Comments on lines of pull requests. Owner: hub_community.

-- The lines are those of `blob_oid`, which the file at `path` was on that side when the pull request was at `commit_oid`.
-- `applied_oid` is the commit that applied the suggestion in the comment.
CREATE TABLE line_comment (
    event_id       BIGINT NOT NULL PRIMARY KEY REFERENCES discussion_event (id) ON DELETE CASCADE,
    discussion_id  BIGINT NOT NULL,
    commit_oid     BYTEA NOT NULL,
    blob_oid       BYTEA NOT NULL,
    path           TEXT   NOT NULL,
    side           TEXT   NOT NULL,
    first_line     BIGINT NOT NULL,
    last_line      BIGINT NOT NULL,
    excerpt        TEXT   NOT NULL,
    applied_oid    BYTEA
);
CREATE INDEX line_comment_by_discussion ON line_comment (discussion_id);
