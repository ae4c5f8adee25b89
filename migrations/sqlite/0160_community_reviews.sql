-- Reviews of pull requests, and what a repository asks of them before one is merged. Owner: hub_community.

CREATE TABLE review_policy (
    repo_id        BIGINT NOT NULL PRIMARY KEY REFERENCES repo (id) ON DELETE CASCADE,
    approvals      BIGINT NOT NULL,
    code_owners    BIGINT NOT NULL,
    fresh          BIGINT NOT NULL
);

-- A review is a comment with a verdict: comment, approve or changes. `commit_oid` is where the pull request was.
CREATE TABLE review (
    event_id       BIGINT NOT NULL PRIMARY KEY REFERENCES discussion_event (id) ON DELETE CASCADE,
    discussion_id  BIGINT NOT NULL,
    reviewer       BIGINT NOT NULL,
    verdict        TEXT   NOT NULL,
    commit_oid     BLOB NOT NULL,
    created_ms     BIGINT NOT NULL
);
CREATE INDEX review_by_discussion ON review (discussion_id);
