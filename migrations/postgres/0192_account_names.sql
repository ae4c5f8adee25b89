-- Names that people and organisations had before, and when they last took another one. Owner: hub_account.

-- An old name leads to whoever bore it. It is theirs for half a year; then somebody else may take it, and the row goes.
CREATE TABLE namespace_alias (
    name_key           TEXT   NOT NULL PRIMARY KEY,
    namespace_id       BIGINT NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    renamed_ms         BIGINT NOT NULL
);
CREATE INDEX namespace_alias_by_namespace ON namespace_alias (namespace_id, renamed_ms);

ALTER TABLE namespace ADD COLUMN renamed_ms BIGINT;

-- Names in the order of their bytes, as SQLite has them, so that those with the same beginning stand together.
ALTER TABLE namespace ALTER COLUMN name_key TYPE TEXT COLLATE "C";
