-- Collections: what somebody puts together, in an order. Owner: hub_community.

CREATE TABLE collection (
    id             BIGINT NOT NULL PRIMARY KEY,
    namespace_id   BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    title          TEXT   NOT NULL,
    title_key      TEXT   NOT NULL,
    description    TEXT   NOT NULL,
    theme          TEXT   NOT NULL,
    private        BIGINT NOT NULL,
    position       BIGINT NOT NULL,
    upvotes        BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    changed_ms     BIGINT NOT NULL,
    UNIQUE (namespace_id, title_key)
);
CREATE INDEX collection_by_change ON collection (private, changed_ms, id);

-- `target` names what it is: the key of a repository or collection, the identifier of a paper. `position` counts from 0
-- without gaps.
CREATE TABLE collection_item (
    id             BIGINT NOT NULL PRIMARY KEY,
    collection_id  BIGINT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    kind           TEXT   NOT NULL,
    target         TEXT   NOT NULL,
    repo_id        BIGINT REFERENCES repo (id) ON DELETE CASCADE,
    position       BIGINT NOT NULL,
    note           TEXT   NOT NULL,
    added_ms       BIGINT NOT NULL,
    UNIQUE (collection_id, kind, target)
);
CREATE INDEX collection_item_by_repo ON collection_item (repo_id);
CREATE INDEX collection_item_by_target ON collection_item (kind, target);

CREATE TABLE collection_upvote (
    collection_id  BIGINT NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    user_id        BIGINT NOT NULL,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (collection_id, user_id)
);
