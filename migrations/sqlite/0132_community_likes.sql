-- Who likes which repository, and who follows whom. Owner: hub_community.

CREATE TABLE repo_like (
    user_id        BIGINT NOT NULL,
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (user_id, repo_id)
);
CREATE INDEX repo_like_by_repo ON repo_like (repo_id, created_ms, user_id);

-- People follow people and organisations.
CREATE TABLE follow (
    follower       BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    followed       BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (follower, followed)
);
CREATE INDEX follow_by_followed ON follow (followed, follower);
