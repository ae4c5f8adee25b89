-- Requests for access to gated repositories. Owner: hub_repo.

-- `status` is pending, accepted or rejected. `fields` is what was filled in, as JSON; `terms` is the SHA-256 of what
-- was agreed to. `granted` tells that nobody asked: the owners gave access by themselves.
CREATE TABLE access_request (
    id             BIGINT NOT NULL PRIMARY KEY,
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    status         TEXT   NOT NULL,
    fields         TEXT   NOT NULL DEFAULT '{}',
    terms          BYTEA ,
    granted        BIGINT NOT NULL DEFAULT 0,
    asked_ms       BIGINT NOT NULL,
    reviewed_ms    BIGINT,
    reviewed_by    BIGINT,
    reason         TEXT,
    UNIQUE (repo_id, user_id)
);
CREATE INDEX access_request_by_status ON access_request (repo_id, status, id);
