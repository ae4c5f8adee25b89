-- Which app created a repository in somebody's name, by its key: what is allowed to contribute alone reaches no other.
-- Owner: hub_repo. The app may be gone by now, and its key comes never again.
ALTER TABLE repo ADD COLUMN created_app BIGINT;
