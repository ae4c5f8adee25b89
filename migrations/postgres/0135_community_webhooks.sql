-- Webhooks: whom to tell what by HTTP, and what became of it. Owner: hub_community.

-- `domains` holds the words repo and discussion, separated by a comma. `state` is enabled, disabled or suspended;
-- `failures` counts the deliveries that failed one after another.
CREATE TABLE webhook (
    id             BIGINT NOT NULL PRIMARY KEY,
    owner          BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    url            TEXT   NOT NULL,
    domains        TEXT   NOT NULL,
    secret         TEXT,
    state          TEXT   NOT NULL,
    failures       BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    triggered_ms   BIGINT
);
CREATE INDEX webhook_by_owner ON webhook (owner);

-- What a webhook watches: the key of a repository, a person or an organisation.
CREATE TABLE webhook_watch (
    webhook_id     BIGINT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    kind           TEXT   NOT NULL,
    target         BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    PRIMARY KEY (webhook_id, kind, target)
);
CREATE INDEX webhook_watch_by_target ON webhook_watch (target, kind);

-- One row a message, sent or not. `sequence` is the event that caused it. `state` is waiting, delivered or failed.
CREATE TABLE webhook_delivery (
    id             BIGINT NOT NULL PRIMARY KEY,
    webhook_id     BIGINT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    sequence       BIGINT NOT NULL,
    payload        TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    status         BIGINT,
    problem        TEXT,
    attempts       BIGINT NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    sent_ms        BIGINT
);
CREATE INDEX webhook_delivery_by_webhook ON webhook_delivery (webhook_id, created_ms);
