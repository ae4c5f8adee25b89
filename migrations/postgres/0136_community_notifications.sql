-- What people are told of, what they watch, and of what they want to hear. Owner: hub_community.

-- One row for each discussion that a person was told of; what happens in it later renews the row. `event_id` is the last
-- comment or change, `reason` is mention, participating or watching.
CREATE TABLE notification (
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    discussion_id  BIGINT NOT NULL REFERENCES discussion (id) ON DELETE CASCADE,
    repo_id        BIGINT NOT NULL,
    event_id       BIGINT NOT NULL,
    reason         TEXT   NOT NULL,
    is_read        BIGINT NOT NULL DEFAULT 0,
    updated_ms     BIGINT NOT NULL,
    PRIMARY KEY (user_id, discussion_id)
);
CREATE INDEX notification_by_time ON notification (user_id, updated_ms, discussion_id);
CREATE INDEX notification_by_discussion ON notification (discussion_id);

-- Discussions of which a person wants to hear no more.
CREATE TABLE discussion_mute (
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    discussion_id  BIGINT NOT NULL REFERENCES discussion (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, discussion_id)
);
CREATE INDEX discussion_mute_by_discussion ON discussion_mute (discussion_id);

-- What a person watches: `kind` is repo, user or org, `target` the key of the repository, person or organisation.
CREATE TABLE watch (
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    kind           TEXT   NOT NULL,
    target         BIGINT NOT NULL,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind, target)
);
CREATE INDEX watch_by_target ON watch (target, kind);

-- What a person has switched on or off, where that is not as for everyone.
CREATE TABLE notification_setting (
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    name           TEXT   NOT NULL,
    is_on          BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);
