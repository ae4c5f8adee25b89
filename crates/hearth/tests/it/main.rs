//! The tests of the binary and of its HTTP interface, as one program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod accounts;
mod admin;
mod articles;
mod blocks;
mod browse;
mod buckets;
mod collections;
mod command;
mod commits;
mod community_pages;
mod content;
mod coverage;
mod discussions;
mod download;
mod feed;
mod full_disk;
mod full_text;
mod gate;
mod housekeeping;
mod identity;
mod insights;
mod large;
mod likes;
mod lists;
mod matrix;
mod notifications;
mod object_store;
mod outlines;
mod pages;
mod papers;
mod posts;
mod process;
mod profiles;
mod rate;
mod reports;
mod repos;
mod routes;
mod serve;
mod site;
mod spaces;
mod webhooks;
mod xet;
mod xet_traps;
