-- By what the feed of a person finds new repositories. Owner: hub_repo.

CREATE INDEX repo_by_owner ON repo (namespace_id, created_ms, id);
