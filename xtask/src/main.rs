//! Developer commands of Hearth, called as `cargo xtask NAME`.
//!
//! They are a crate of the workspace rather than shell scripts, so that they run alike on every
//! machine that can build Hearth. Each command is one module; this file only chooses.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]
#![expect(clippy::print_stderr, reason = "and complains on standard error")]

use std::path::PathBuf;
use std::process::ExitCode;

mod rust_text;
mod tidy;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  tidy                 hold the rules of CONVENTIONS.md that a program can check
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("tidy") => tidy::run(&root()),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: the folder above this crate.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
