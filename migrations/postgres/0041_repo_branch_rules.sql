-- Rules of branches: who may push, whether a branch may be rewritten or deleted. Owner: hub_repo.

-- `pattern` is a short name of a branch in which `*` stands for any run of characters; `pushers` is writers, admins or
-- nobody.
CREATE TABLE branch_rule (
    repo_id        BIGINT NOT NULL,
    pattern        TEXT   NOT NULL,
    pushers        TEXT   NOT NULL,
    allows_force   BIGINT NOT NULL,
    allows_delete  BIGINT NOT NULL,
    PRIMARY KEY (repo_id, pattern)
);
