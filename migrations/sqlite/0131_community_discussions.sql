-- Discussions and pull requests: what is said, and in which state they are. Owner: hub_community.
-- Whole numbers are BIGINT, moments are milliseconds since 1970.

-- The number that was given last; discussions and pull requests of a repository count in one row.
CREATE TABLE discussion_counter (
    repo_id        BIGINT NOT NULL PRIMARY KEY REFERENCES repo (id) ON DELETE CASCADE,
    last_num       BIGINT NOT NULL
);

-- `status` is draft, open, closed or merged. `events` counts what follows in discussion_event.
CREATE TABLE discussion (
    id             BIGINT NOT NULL PRIMARY KEY,
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    num            BIGINT NOT NULL,
    author         BIGINT NOT NULL,
    title          TEXT   NOT NULL,
    title_key      TEXT   NOT NULL,
    is_pull        BIGINT NOT NULL,
    status         TEXT   NOT NULL,
    pinned         BIGINT NOT NULL DEFAULT 0,
    locked         BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    changed_ms     BIGINT NOT NULL,
    events         BIGINT NOT NULL DEFAULT 0,
    comments       BIGINT NOT NULL DEFAULT 0,
    reactors       BIGINT NOT NULL DEFAULT 0,
    UNIQUE (repo_id, num)
);
CREATE INDEX discussion_by_author ON discussion (author, created_ms);

-- What happened in a discussion, in the order of `place`. Comments have a `body`; a change has what was and what is.
CREATE TABLE discussion_event (
    id             BIGINT NOT NULL PRIMARY KEY,
    discussion_id  BIGINT NOT NULL REFERENCES discussion (id) ON DELETE CASCADE,
    place          BIGINT NOT NULL,
    author         BIGINT NOT NULL,
    kind           TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL,
    body           TEXT,
    old_value      TEXT   NOT NULL DEFAULT '',
    new_value      TEXT   NOT NULL DEFAULT '',
    edits          BIGINT NOT NULL DEFAULT 0,
    edited_ms      BIGINT,
    edited_by      BIGINT,
    hidden_by      BIGINT,
    hidden_reason  TEXT,
    UNIQUE (discussion_id, place)
);

-- What a comment said before an edit.
CREATE TABLE discussion_edit (
    event_id       BIGINT NOT NULL REFERENCES discussion_event (id) ON DELETE CASCADE,
    place          BIGINT NOT NULL,
    author         BIGINT NOT NULL,
    written_ms     BIGINT NOT NULL,
    body           TEXT   NOT NULL,
    PRIMARY KEY (event_id, place)
);

CREATE TABLE discussion_reaction (
    event_id       BIGINT NOT NULL REFERENCES discussion_event (id) ON DELETE CASCADE,
    user_id        BIGINT NOT NULL,
    reaction       TEXT   NOT NULL,
    discussion_id  BIGINT NOT NULL,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (event_id, user_id, reaction)
);
CREATE INDEX discussion_reaction_by_discussion ON discussion_reaction (discussion_id);
