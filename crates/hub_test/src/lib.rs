//! Builders and fixtures for the tests of every crate. Never part of the product: only ever a dev-dependency.

mod engine;

pub use engine::{CountingIds, START, TestEngine};
