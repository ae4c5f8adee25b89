-- Reports of repositories, comments and people, and what became of them. Owner: hub_community.
-- They name accounts and repositories by key without a reference: a report outlives what it is about.

-- `subject_kind` is repo, comment or user; `subject_id` is the key of that. `label` names it as it was called when it was
-- reported, `evidence` is what a comment said then. `affected` is the person or organisation whose it is.
CREATE TABLE report (
    id             BIGINT NOT NULL PRIMARY KEY,
    subject_kind   TEXT   NOT NULL,
    subject_id     BIGINT NOT NULL,
    repo_id        BIGINT,
    num            BIGINT,
    label          TEXT   NOT NULL,
    evidence       TEXT   NOT NULL DEFAULT '',
    reporter       BIGINT NOT NULL,
    affected       BIGINT NOT NULL,
    reason         TEXT   NOT NULL,
    body           TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    decision       TEXT,
    note           TEXT   NOT NULL DEFAULT '',
    appeal         TEXT,
    outcome        TEXT,
    answer         TEXT   NOT NULL DEFAULT '',
    created_ms     BIGINT NOT NULL,
    changed_ms     BIGINT NOT NULL
);
-- One open report of one person about one thing.
CREATE UNIQUE INDEX report_open ON report (reporter, subject_kind, subject_id) WHERE state IN ('open', 'under_review');
CREATE INDEX report_by_state ON report (state, id);
CREATE INDEX report_by_reporter ON report (reporter, id);
CREATE INDEX report_by_affected ON report (affected, id);

-- What was done with a report, in order: who, when, what and why.
CREATE TABLE report_step (
    report_id      BIGINT NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    place          BIGINT NOT NULL,
    at_ms          BIGINT NOT NULL,
    actor          BIGINT NOT NULL,
    what           TEXT   NOT NULL,
    detail         TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (report_id, place)
);

-- Who has news of a report: who made it, and whose thing it is about.
CREATE TABLE report_notice (
    user_id        BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    report_id      BIGINT NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    is_read        BIGINT NOT NULL DEFAULT 0,
    updated_ms     BIGINT NOT NULL,
    PRIMARY KEY (user_id, report_id)
);
