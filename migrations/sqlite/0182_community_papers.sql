-- Papers: what is known of those that cards cite or people name, who wrote them, who votes for them. Owner: hub_community.

-- One row a paper, by its identifier on arXiv. Everything but the identifier is entered by people; `authors` is JSON.
CREATE TABLE paper (
    id             TEXT   NOT NULL PRIMARY KEY,
    title          TEXT   NOT NULL DEFAULT '',
    title_key      TEXT   NOT NULL DEFAULT '',
    summary        TEXT   NOT NULL DEFAULT '',
    authors        TEXT   NOT NULL DEFAULT '[]',
    published_ms   BIGINT NOT NULL,
    project_page   TEXT   NOT NULL DEFAULT '',
    github_repo    TEXT   NOT NULL DEFAULT '',
    entered_by     BIGINT,
    locked         BIGINT NOT NULL DEFAULT 0,
    submitted_by   BIGINT,
    submitted_ms   BIGINT,
    upvotes        BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL
);
CREATE INDEX paper_by_published ON paper (published_ms, id);
CREATE INDEX paper_by_submitted ON paper (submitted_ms, id);

CREATE TABLE paper_upvote (
    paper_id       TEXT   NOT NULL REFERENCES paper (id) ON DELETE CASCADE,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (paper_id, user_id)
);

-- Who says to be one of the authors, and whether an administrator has confirmed it.
CREATE TABLE paper_claim (
    paper_id       TEXT   NOT NULL REFERENCES paper (id) ON DELETE CASCADE,
    author_id      TEXT   NOT NULL,
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    confirmed      BIGINT NOT NULL DEFAULT 0,
    changed_ms     BIGINT NOT NULL,
    PRIMARY KEY (paper_id, author_id)
);
