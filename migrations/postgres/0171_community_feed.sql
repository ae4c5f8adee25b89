-- By what the feed of a person finds what others did lately. Owner: hub_community.

CREATE INDEX repo_like_by_user ON repo_like (user_id, created_ms, repo_id);
CREATE INDEX discussion_by_repo ON discussion (repo_id, created_ms, id);
