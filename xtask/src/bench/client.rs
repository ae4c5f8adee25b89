//! The `hf` client, which starts a Python and hashes before it sends: a large file, and a folder of many small ones.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::server::{self, USER};
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::commits::many_files;
use super::table::Goal;
use super::transfer::write_random;

/// One large file up and down.
pub(super) fn large_file(bench: &mut Bench, gib: f64) -> anyhow::Result<()> {
    let Some(client) = Client::find(bench, "large")? else { return Ok(()) };
    let file = client.folder.join("other.bin");
    write_random(&file, bench.plan.size_bytes, 2)?;
    let back = client.folder.join("back");
    let (up, down) = client.there_and_back("transfer-hf", &file, &back)?;
    let same = Command::new("cmp").arg(&file).arg(back.join("other.bin")).status()?.success();
    ensure!(same, "hf download returned other bytes than hf upload sent");
    bench.table.add("upload, hf (its own start and hashing included)", gib / up, "GiB/s", Goal::None);
    bench.table.add("download, hf", gib / down, "GiB/s", Goal::None);
    fs::remove_dir_all(&client.folder)?;
    Ok(())
}

/// A folder of small files up and down.
pub(super) fn small_files(bench: &mut Bench) -> anyhow::Result<()> {
    let Some(client) = Client::find(bench, "small")? else { return Ok(()) };
    let folder = client.folder.join("files");
    let files = many_files(0);
    for (path, content) in &files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        fs::write(file, content)?;
    }
    let back = client.folder.join("back");
    let (up, down) = client.there_and_back("small-hf", &folder, &back)?;
    for (path, content) in &files {
        ensure!(fs::read_to_string(back.join(path))? == *content, "{path} came back other than it was sent");
    }
    let count = files.len();
    bench.table.add(format!("{count} small files up, hf"), count as f64 / up, "per s", Goal::None);
    bench.table.add(format!("{count} small files down, hf"), count as f64 / down, "per s", Goal::None);
    fs::remove_dir_all(&client.folder)?;
    Ok(())
}

struct Client {
    program: PathBuf,
    address: String,
    folder: PathBuf,
}

impl Client {
    /// The client with a folder of its own; `None` if it is not installed.
    fn find(bench: &Bench, name: &str) -> anyhow::Result<Option<Self>> {
        let Some(program) = installed(&bench.root) else {
            println!("  no hf client: `bin/test compat` installs it into compat/.venv, or put `hf` on the PATH");
            return Ok(None);
        };
        let folder = bench.scratch.path().join(format!("hf-{name}"));
        fs::create_dir_all(&folder)?;
        Ok(Some(Self { program, address: bench.server.address(), folder }))
    }

    /// Uploads a file or folder to a new repository and downloads the whole of it; the seconds of both.
    fn there_and_back(&self, name: &str, from: &Path, to: &Path) -> anyhow::Result<(f64, f64)> {
        let repo = format!("{USER}/{name}");
        let watch = Stopwatch::start();
        self.run(["upload".as_ref(), repo.as_ref(), from.as_os_str()])?;
        let up = watch.seconds();
        let watch = Stopwatch::start();
        self.run(["download".as_ref(), repo.as_ref(), "--local-dir".as_ref(), to.as_os_str()])?;
        Ok((up, watch.seconds()))
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr>) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("HF_ENDPOINT", &self.address)
            .env("HF_TOKEN", server::TOKEN)
            .env("HF_HOME", self.folder.join("home"))
            .env("HF_HUB_DISABLE_XET", "1")
            .env("HF_HUB_DISABLE_TELEMETRY", "1");
        server::run(&mut command).map(drop)
    }
}

pub(super) fn installed(root: &Path) -> Option<PathBuf> {
    let ours = root.join("compat/.venv/bin/hf");
    let on_path = || {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).map(|folder| folder.join("hf")).find(|file| file.is_file())
    };
    if ours.is_file() { Some(ours) } else { on_path() }
}
