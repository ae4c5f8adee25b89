-- Pull requests as git sees them: whose a branch refs/pr/N is, and what became of it. Owner: hub_repo.

-- `base` is the full name of the branch that it is for. Once it is merged, `merge_oid` is the commit that brought its
-- changes there, `base_oid` where that branch was before, and `head_oid` where the pull request was.
CREATE TABLE pull (
    repo_id        BIGINT NOT NULL,
    num            BIGINT NOT NULL,
    author         BIGINT NOT NULL,
    base           TEXT   NOT NULL,
    merge_oid      BYTEA ,
    base_oid       BYTEA ,
    head_oid       BYTEA ,
    PRIMARY KEY (repo_id, num)
);
CREATE INDEX pull_by_author ON pull (author, repo_id);
