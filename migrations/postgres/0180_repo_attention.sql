-- What draws people to a repository, from which its trending score is worked out. Owner: hub_repo.

-- How many different people and networks there were on each day. One row a repository, day and kind of attention.
CREATE TABLE attention_day (
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    day            BIGINT NOT NULL,
    what           TEXT   NOT NULL,
    sources        BIGINT NOT NULL,
    PRIMARY KEY (repo_id, day, what)
);
CREATE INDEX attention_day_by_day ON attention_day (day);

-- Who was counted already on a day; `source` is a keyed hash of an account or of a network and is forgotten with the day.
CREATE TABLE attention_seen (
    repo_id        BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    day            BIGINT NOT NULL,
    what           TEXT   NOT NULL,
    source         BYTEA  NOT NULL,
    PRIMARY KEY (repo_id, day, what, source)
);
CREATE INDEX attention_seen_by_day ON attention_seen (day);
