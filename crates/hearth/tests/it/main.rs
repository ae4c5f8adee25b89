//! The tests of the binary and of its HTTP interface, as one program.

mod admin;
mod command;
mod process;
mod serve;
