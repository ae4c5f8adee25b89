//! What must hold of each input, apart from the fuzzer: tests of the workspace go through the seeds with the same words.

pub mod git;
