-- The outbox of events, the durable queue and its schedules. Owner: hub_jobs.
-- Moments are milliseconds since 1970, payloads are JSON.

-- What happened, written in the transaction that made it happen.
CREATE TABLE event (
    id          BIGINT  NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Empty until the transaction that wrote the row is seen to have committed: ids are drawn before commit, so a
    -- reader that went by them would pass over a row that is committed late.
    sequence    BIGINT  UNIQUE,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL
);
CREATE INDEX event_unnumbered ON event (id) WHERE sequence IS NULL;
CREATE INDEX event_age ON event (created_at);

-- One row.
CREATE TABLE event_state (
    id              BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The number that was given last; whoever numbers events locks this row.
    last_sequence   BIGINT NOT NULL,
    -- Events up to this number may have been removed.
    pruned_through  BIGINT NOT NULL
);
INSERT INTO event_state (id, last_sequence, pruned_through) VALUES (1, 0, 0);

-- How far each lasting reader of events has come.
CREATE TABLE event_reader (
    name      TEXT   NOT NULL PRIMARY KEY,
    sequence  BIGINT NOT NULL
);

-- Work to do. A finished job has no row.
CREATE TABLE job (
    id          BIGINT NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    payload     TEXT   NOT NULL,
    -- Of jobs with one key, one waits at a time.
    dedup_key   TEXT,
    -- 0 waiting, 1 running, 2 dead.
    state       BIGINT NOT NULL CHECK (state IN (0, 1, 2)),
    -- When a worker may take it: its time while it waits, the end of the lease while it runs.
    due_at      BIGINT NOT NULL,
    -- Who runs it: a number that each taking draws anew.
    lease       BIGINT,
    attempts    BIGINT NOT NULL,
    last_error  TEXT,
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL
);
CREATE INDEX job_due ON job (due_at, id) WHERE state < 2;
CREATE UNIQUE INDEX job_waiting_once ON job (kind, dedup_key) WHERE state = 0;

-- What is done again and again; whoever moves next_run on enqueues the job.
CREATE TABLE schedule (
    kind         TEXT   NOT NULL PRIMARY KEY,
    interval_ms  BIGINT NOT NULL,
    next_run     BIGINT NOT NULL
);
