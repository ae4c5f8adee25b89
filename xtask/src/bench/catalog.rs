//! Searching a made-up catalog at the size of the ecosystem: `hearth-bench` fills a database, holds it against the
//! published statistics, and measures a server on it beside the database alone.
//!
//! It takes minutes and some gigabytes at full scale, so it is not among the parts that run when none is named.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::flags::Flags;
use crate::server::{self, Scratch};

pub(super) fn measure(root: &Path, flags: &mut Flags) -> anyhow::Result<()> {
    let (binary, place) = (flags.text("binary"), flags.text("scratch"));
    let (database, scale) = (flags.text("database"), flags.text("scale").unwrap_or_else(|| "1.0".to_owned()));
    let cards = flags.text("cards").unwrap_or_else(|| "no".to_owned());
    flags.finish()?;
    let binary = server::binary(root, binary)?;
    let scratch = Scratch::new(place)?;
    let data = scratch.path().join("data");
    std::fs::create_dir_all(&data)?;
    let database = database.unwrap_or_else(|| format!("sqlite:{}", data.join("hearth.db").display()));
    let bench = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(["run", "--release", "-q", "-p", "hearth-bench", "--"]).args(arguments).current_dir(root);
        let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
        // 2 says that everything ran and that a goal was missed.
        if !status.success() && status.code() != Some(2) {
            bail!("{command:?} ended with {status}");
        }
        Ok(())
    };
    bench(&["fill", "--database", &database, "--scale", &scale, "--cards", &cards])?;
    bench(&["accept", "--database", &database])?;
    let (data, binary) = (data.display().to_string(), binary.display().to_string());
    bench(&["catalog", "--database", &database, "--data", &data, "--binary", &binary])
}
