-- Chunk-deduplicated storage: xorbs, the files that are made of them, who holds those. Owner: hub_cas.
-- Moments are milliseconds since 1970, hashes are raw bytes.

-- A xorb whose every chunk was checked. Its object is `xorbs/ab/cd/<hash>.<generation>`: body, then footer.
-- It is live until `condemned_ms` is set; a condemned one comes back to life when it is mentioned again.
CREATE TABLE cas_xorb (
    hash           BYTEA  NOT NULL PRIMARY KEY,
    generation     TEXT   NOT NULL,
    chunks         BIGINT NOT NULL,
    body_bytes     BIGINT NOT NULL,
    content_bytes  BIGINT NOT NULL,
    touched_ms     BIGINT NOT NULL,
    condemned_ms   BIGINT
);
CREATE INDEX cas_xorb_condemned ON cas_xorb (condemned_ms) WHERE condemned_ms IS NOT NULL;

-- A file whose hash and SHA-256 were computed here from its content.
CREATE TABLE cas_file (
    hash           BYTEA  NOT NULL PRIMARY KEY,
    size           BIGINT NOT NULL,
    sha256         BYTEA  NOT NULL,
    touched_ms     BIGINT NOT NULL
);

-- What a file is made of: up to 1,024 terms in a row, so that a range of a file of any size needs few rows. Each term is
-- xorb hash (32), first chunk (u16), chunk after the last (u16), bytes (u32); numbers are little endian.
CREATE TABLE cas_segment (
    file           BYTEA  NOT NULL,
    start          BIGINT NOT NULL,
    size           BIGINT NOT NULL,
    terms          BYTEA  NOT NULL,
    PRIMARY KEY (file, start)
);

-- Which files use a xorb, and in which of their segments first: no xorb with a row here is ever removed.
CREATE TABLE cas_use (
    xorb           BYTEA  NOT NULL,
    file           BYTEA  NOT NULL,
    start          BIGINT NOT NULL,
    PRIMARY KEY (xorb, file)
);
CREATE INDEX cas_use_by_file ON cas_use (file);

-- Who needs a file, and may read it. A scope is a number that only its owner understands.
CREATE TABLE cas_holding (
    scope          BIGINT NOT NULL,
    file           BYTEA  NOT NULL,
    since_ms       BIGINT NOT NULL,
    PRIMARY KEY (scope, file)
);
CREATE INDEX cas_holding_by_file ON cas_holding (file);

-- Where the chunks are that clients ask for: about one of 1,024, and the first of each file.
CREATE TABLE cas_chunk (
    chunk          BYTEA  NOT NULL,
    xorb           BYTEA  NOT NULL,
    place          BIGINT NOT NULL,
    PRIMARY KEY (chunk, xorb)
);
CREATE INDEX cas_chunk_by_xorb ON cas_chunk (xorb);

-- Keys of this instance, made when first needed: what signs links, what hides hashes of chunks.
CREATE TABLE cas_secret (
    name           TEXT   NOT NULL PRIMARY KEY,
    value          BYTEA  NOT NULL
);
