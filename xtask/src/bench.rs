//! `cargo xtask bench`: how fast a release server is, beside what the machine can do.
//!
//! An absolute number says little on an unknown machine, so each transfer stands beside nginx serving
//! the same bytes, or beside `sha256sum` and a copy of the same file, in the same run. The goals are
//! those of the project; a row that misses one says so. Every part is bounded in count and in time.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::flags::Flags;
use crate::server::{self, Scratch, Server};

mod catalog;
mod client;
mod commits;
mod git;
mod idle;
mod info;
mod nginx;
mod pages;
mod process;
mod small;
mod table;
mod transfer;
mod tree;
mod xet;
mod xet_codec;

use table::Table;

const MIB: u64 = 1 << 20;

/// What the flags ask for.
struct Plan {
    /// Size of the file that is transferred.
    size_bytes: u64,
    /// How many download at once.
    clients: u64,
    /// How many small commits are made.
    commits: u64,
    /// The larger of the two listed trees; the other has a tenth of it.
    files: u64,
}

/// What every part works with.
struct Bench {
    plan: Plan,
    // Dropped in this order: the server ends before its folder is removed.
    server: Server,
    scratch: Scratch,
    root: PathBuf,
    table: Table,
}

type Part = (&'static str, fn(&mut Bench) -> anyhow::Result<()>);

/// A part that needs no server, and is not among those that are measured when none is named.
const XET_CODEC: &str = "xet-codec";
/// Another such part: it makes its own data and takes minutes.
const CATALOG: &str = "catalog";
/// Parts that take long, and are measured only when they are named.
const LONG: [Part; 2] = [("xet", xet::measure), ("xet-huge", xet::measure_huge)];

/// In this order: memory when idle is measured before anything else runs.
const PARTS: [Part; 8] = [
    ("idle", idle::measure),
    ("commits", commits::measure),
    ("info", info::measure),
    ("tree", tree::measure),
    ("pages", pages::measure),
    ("git", git::measure),
    ("small", small::measure),
    ("transfer", transfer::measure),
];

pub(crate) fn run(root: &Path, part: Option<&str>, flags: &mut Flags) -> anyhow::Result<()> {
    if part == Some(CATALOG) {
        return catalog::measure(root, flags);
    }
    let (size_mib, clients) = match part {
        Some("xet") => (2 * 1024, 8),
        Some("xet-huge") => (20 * 1024, 1),
        _ => (1024, 16),
    };
    let plan = Plan {
        size_bytes: flags.number("size-mib", size_mib)?.clamp(1, 64 * 1024) * MIB,
        clients: flags.number("clients", clients)?.clamp(1, 256),
        commits: flags.number("commits", 1000)?.clamp(1, 100_000),
        files: flags.number("files", 100_000)?.clamp(10, 1_000_000),
    };
    let (binary, place) = (flags.text("binary"), flags.text("scratch"));
    flags.finish()?;
    if part == Some(XET_CODEC) {
        let mut table = Table::default();
        xet_codec::measure(&mut table)?;
        print!("{table}");
        return Ok(());
    }
    let chosen: Vec<&Part> = match part {
        None => PARTS.iter().collect(),
        Some(part) => PARTS.iter().chain(&LONG).filter(|(name, _)| part == *name).collect(),
    };
    if chosen.is_empty() {
        let names: Vec<&str> = PARTS.iter().chain(&LONG).map(|(name, _)| *name).collect();
        bail!("no such part; there are {}, {XET_CODEC}, {CATALOG}", names.join(", "));
    }
    let binary = server::binary(root, binary)?;
    let scratch = Scratch::new(place)?;
    let server = Server::prepare(&binary, scratch.path())?;
    let mut bench = Bench { plan, scratch, server, root: root.to_owned(), table: Table::default() };
    for (name, measure) in chosen {
        println!("measuring {name}");
        if let Err(error) = measure(&mut bench) {
            // What was measured so far is worth showing, with the reason why the rest is missing.
            print!("{}", bench.table);
            println!("{}", bench.server.last_log_lines());
            return Err(error.context(format!("while measuring {name}")));
        }
    }
    print!("{}", bench.table);
    Ok(())
}
