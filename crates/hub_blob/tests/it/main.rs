//! Both stores keep the same promises.

mod conformance;
mod folder;
mod s3;
mod support;
