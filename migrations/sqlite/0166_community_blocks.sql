-- Whom a person or an organisation has blocked. Owner: hub_community.

CREATE TABLE person_block (
    namespace_id   BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    blocked_id     BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (namespace_id, blocked_id)
);
CREATE INDEX person_block_by_blocked ON person_block (blocked_id);
