-- Posts and articles: what people and organisations publish, what is answered to it, and who is told. Owner: hub_community.

-- `kind` is post or article. `owner` is whose it is, `author` who wrote it first; `slug` ends its address. A post has no
-- title. `published_ms` of a draft is when it was begun. What an administrator has hidden keeps its text for an appeal.
CREATE TABLE piece (
    id             BIGINT NOT NULL PRIMARY KEY,
    kind           TEXT   NOT NULL,
    owner          BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    author         BIGINT NOT NULL,
    slug           TEXT   NOT NULL,
    title          TEXT   NOT NULL,
    body           TEXT   NOT NULL,
    is_draft       BIGINT NOT NULL,
    published_ms   BIGINT NOT NULL,
    edited_ms      BIGINT,
    hidden_by      BIGINT,
    remarks        BIGINT NOT NULL DEFAULT 0,
    upvotes        BIGINT NOT NULL DEFAULT 0,
    UNIQUE (kind, owner, slug)
);
CREATE INDEX piece_by_time ON piece (kind, published_ms, id) WHERE is_draft = 0;
CREATE INDEX piece_by_owner ON piece (owner, published_ms, id);
CREATE INDEX piece_by_author ON piece (author, published_ms, id);

-- Who else wrote an article.
CREATE TABLE piece_author (
    piece_id       BIGINT NOT NULL REFERENCES piece (id) ON DELETE CASCADE,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    place          BIGINT NOT NULL,
    PRIMARY KEY (piece_id, user_id)
);
CREATE INDEX piece_author_by_user ON piece_author (user_id);

-- The repositories that the text names, in its order.
CREATE TABLE piece_reference (
    piece_id       BIGINT NOT NULL REFERENCES piece (id) ON DELETE CASCADE,
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    place          BIGINT NOT NULL,
    PRIMARY KEY (piece_id, repo_id)
);
CREATE INDEX piece_reference_by_repo ON piece_reference (repo_id, piece_id);

-- What is said about it. `parent` is the remark that it answers; answers to answers have the same parent.
CREATE TABLE piece_remark (
    id             BIGINT NOT NULL PRIMARY KEY,
    piece_id       BIGINT NOT NULL REFERENCES piece (id) ON DELETE CASCADE,
    parent         BIGINT,
    author         BIGINT NOT NULL,
    created_ms     BIGINT NOT NULL,
    body           TEXT   NOT NULL,
    edited_ms      BIGINT,
    hidden_by      BIGINT,
    hidden_reason  TEXT
);
CREATE INDEX piece_remark_by_piece ON piece_remark (piece_id, created_ms, id);

-- What people feel about it; `remark_id` is 0 for the piece itself.
CREATE TABLE piece_reaction (
    piece_id       BIGINT NOT NULL REFERENCES piece (id) ON DELETE CASCADE,
    remark_id      BIGINT NOT NULL,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    reaction       TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (piece_id, remark_id, user_id, reaction)
);

CREATE TABLE piece_upvote (
    piece_id       BIGINT NOT NULL REFERENCES piece (id) ON DELETE CASCADE,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (piece_id, user_id)
);

-- One row for each piece that a person was told of; `remark_id` is what they were told of last, 0 for the piece itself.
CREATE TABLE piece_notice (
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    piece_id       BIGINT NOT NULL REFERENCES piece (id) ON DELETE CASCADE,
    remark_id      BIGINT NOT NULL,
    reason         TEXT   NOT NULL,
    is_read        BIGINT NOT NULL DEFAULT 0,
    updated_ms     BIGINT NOT NULL,
    PRIMARY KEY (user_id, piece_id)
);
CREATE INDEX piece_notice_by_time ON piece_notice (user_id, is_read, updated_ms);
