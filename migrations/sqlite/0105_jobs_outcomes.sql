-- What kinds of jobs said when they were done last, for those who look after the house. Owner: hub_jobs.

CREATE TABLE job_outcome (
    kind        TEXT   NOT NULL PRIMARY KEY,
    finished_at BIGINT NOT NULL,
    report      TEXT   NOT NULL
);
