//! The store as its callers use it, on SQLite and PostgreSQL, in a folder and on S3.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod check;
mod collect;
mod dedup;
mod edit;
mod faults;
mod grant;
mod ingest;
mod plan;
mod put;
mod race;
mod read;
mod register;
mod support;
