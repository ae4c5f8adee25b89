//! Developer commands of Hearth, called as `cargo xtask NAME`.
//!
//! They are a crate of the workspace rather than shell scripts, so that they run alike on every
//! machine that can build Hearth. Each command is one module; this file only chooses.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]
#![expect(clippy::print_stderr, reason = "and complains on standard error")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flags::Flags;

mod bench;
mod chaos;
mod client;
mod flags;
mod random;
mod rust_text;
mod server;
mod stopwatch;
mod tidy;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  tidy                 hold the rules of CONVENTIONS.md that a program can check
  bench [PART]         measure a release server beside nginx and plain tools; PART is one of
                       idle, transfer, commits, info, tree, git (default: all); or xet and xet-huge, which take
                       long, or xet-codec, which needs no server, or catalog, which
                       searches a made-up catalog at full size (--scale 1.0 --database URL --cards no)
                       --size-mib 1024  --clients 16  --commits 1000  --files 100000  --binary PATH  --scratch DIR
  chaos                kill a server with -9 amid uploads and commits: nothing acknowledged may be lost
                       --rounds 20  --operations 200  --seed N  --binary PATH  --scratch DIR
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let outcome = match arguments.next().as_deref() {
        Some("tidy") => tidy::run(&root()),
        Some("bench") => {
            let part = arguments.next_if(|argument| !argument.starts_with("--"));
            with_flags(arguments, |root, flags| bench::run(root, part.as_deref(), flags))
        }
        Some("chaos") => with_flags(arguments, chaos::run),
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

fn with_flags(
    arguments: impl Iterator<Item = String>,
    command: impl FnOnce(&Path, &mut Flags) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut flags = Flags::parse(arguments)?;
    command(&root(), &mut flags)
}

/// The repository's root: the folder above this crate.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
