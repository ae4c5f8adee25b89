//! The formats that Hearth reads and writes: bytes in, values out.
//!
//! Nothing here does input or output, waits, or panics on any input. What a parser allocates is bounded by what it was
//! given, never by a number found in it. A parser that sees only the beginning of a file says how much more it needs;
//! that is an answer, not an error.

pub mod attributes;
pub mod card;
pub mod code_owners;
pub mod gguf;
pub mod git;
pub mod ignore;
pub mod lfs;
mod pattern;
mod prefix;
#[cfg(test)]
mod random;
pub mod safetensors;
pub mod tags;
pub mod vocabulary;
pub mod xet;
mod yaml;

pub use prefix::FromPrefix;
