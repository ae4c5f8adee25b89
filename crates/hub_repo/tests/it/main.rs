//! The engine through its public doors, on SQLite and, when `TEST_DATABASE_URL` is set, on PostgreSQL.

mod access;
mod buckets;
mod commits;
mod garbage;
mod large;
mod lifecycle;
mod packs;
mod pushes;
mod support;
