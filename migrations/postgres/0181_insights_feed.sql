-- What is told to the public of changes. Owner: hub_insights.

-- One row a repository that is or was public: its latest change. `number` is the place of the event that told of it, zero
-- for what was there before the feed began. A row outlives its repository: whoever follows must learn that it is gone.
CREATE TABLE public_change (
    repo_id        BIGINT NOT NULL PRIMARY KEY,
    number         BIGINT NOT NULL,
    at_ms          BIGINT NOT NULL,
    kind           BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    is_gone        BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX public_change_by_number ON public_change (number, repo_id);

-- How far the feed has come in taking in what was there before: the phase, and the key read last in it.
CREATE TABLE public_change_phase (
    phase          BIGINT NOT NULL,
    read_to        BIGINT NOT NULL
);
INSERT INTO public_change_phase (phase, read_to) VALUES (0, 0);
