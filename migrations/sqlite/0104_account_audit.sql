-- Who did what, written in the transaction that did it. Owner: hub_account.
-- Names are kept as they were: an entry outlives the account that it is about.

CREATE TABLE audit_entry (
    id                 BIGINT NOT NULL PRIMARY KEY,
    at_ms              BIGINT NOT NULL,
    actor_id           BIGINT,
    actor              TEXT   NOT NULL,
    credential         TEXT   NOT NULL,
    action             TEXT   NOT NULL,
    subject            TEXT   NOT NULL,
    org_id             BIGINT,
    detail             TEXT   NOT NULL
);
CREATE INDEX audit_entry_by_time ON audit_entry (at_ms, id);
CREATE INDEX audit_entry_by_org ON audit_entry (org_id, at_ms, id);
