//! Both stores keep the same promises.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod conformance;
mod folder;
mod s3;
mod support;
