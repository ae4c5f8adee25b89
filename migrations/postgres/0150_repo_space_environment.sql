-- What a Space's app finds in its environment. Owner: hub_repo.

-- `kind` is secret or variable. The value of a secret is written and never read by any answer.
CREATE TABLE space_environment (
    repo_id        BIGINT NOT NULL,
    kind           TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    value          TEXT   NOT NULL,
    description    TEXT,
    updated_ms     BIGINT NOT NULL,
    PRIMARY KEY (repo_id, kind, name)
);
