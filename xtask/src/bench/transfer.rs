//! One large file up and down: by curl, by the `hf` client, alone and many at once.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, bail, ensure};

use crate::client::{Change, Hub};
use crate::random::Random;
use crate::server::{self, USER};
use crate::stopwatch::Stopwatch;

use super::nginx::Nginx;
use super::process::Process;
use super::table::Goal;
use super::{Bench, MIB};

const FILE: &str = "weights.bin";
const REPO: &str = "transfer";
const GIB: f64 = (1_u64 << 30) as f64;
/// Throughput of a loopback transfer varies; the best of a few is what the program can do.
const REPEATS: usize = 3;

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let folder = bench.scratch.path().join("transfer");
    fs::create_dir_all(&folder)?;
    let file = folder.join(FILE);
    write_random(&file, bench.plan.size_bytes, 1)?;
    let gib = bench.plan.size_bytes as f64 / GIB;
    let process = Process::new(bench.server.pid())?;
    process.forget_peak()?;

    let reference = hash_and_copy_seconds(&file)?;
    bench.table.add("sha256sum and a copy of the file", gib / reference, "GiB/s", Goal::None);
    let hub = bench.server.hub();
    hub.create_model(REPO)?;
    let before = process.cpu_seconds()?;
    let seconds = upload(&hub, &file, bench.plan.size_bytes)?;
    let cpu = process.cpu_seconds()? - before;
    bench.table.add("upload, curl", gib / seconds, "GiB/s", Goal::None);
    bench.table.add("upload beside sha256sum and a copy", reference / seconds, "ratio", Goal::AtLeast(0.8));
    bench.table.add("upload, processor time of the server", cpu / gib, "s/GiB", Goal::None);

    let ours = format!("{}/{USER}/{REPO}/resolve/main/{FILE}", bench.server.address());
    check_bytes(&ours, &file)?;
    let nginx = Nginx::start(&folder, bench.scratch.path())?;
    if nginx.is_none() {
        println!("  nginx is not installed (Debian: apt-get install nginx-light): no limit to compare with");
    }
    for clients in [1, bench.plan.clients] {
        let before = process.cpu_seconds()?;
        let speed = best_download(&ours, clients, gib)?;
        let cpu = process.cpu_seconds()? - before;
        let moved = gib * clients as f64 * REPEATS as f64;
        bench.table.add(format!("download, curl, {clients} at once"), speed, "GiB/s", Goal::None);
        bench.table.add(format!("download, {clients} at once, processor time"), cpu / moved, "s/GiB", Goal::None);
        if let Some(nginx) = &nginx {
            let limit = best_download(&nginx.address(FILE), clients, gib)?;
            bench.table.add(format!("nginx, curl, {clients} at once"), limit, "GiB/s", Goal::None);
            let what = format!("download beside nginx, {clients} at once");
            bench.table.add(what, speed / limit, "ratio", Goal::AtLeast(0.9));
        }
    }
    with_hf_client(bench, gib)?;
    bench.table.add("peak memory of all transfers", process.peak_mib()?, "MiB", Goal::Below(200.0));
    Ok(())
}

fn write_random(path: &Path, size: u64, seed: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path).with_context(|| format!("cannot create {}", path.display()))?);
    let mut random = Random::new(seed);
    for _ in 0..size / MIB {
        file.write_all(&random.bytes(MIB as usize))?;
    }
    file.into_inner()?.sync_all()?;
    Ok(())
}

fn hash_and_copy_seconds(file: &Path) -> anyhow::Result<f64> {
    let copy = file.with_extension("copy");
    let watch = Stopwatch::start();
    server::run(Command::new("sha256sum").arg(file))?;
    server::run(Command::new("cp").arg(file).arg(&copy))?;
    // The server answers when the bytes are safe on the disk; the copy has to be as safe.
    File::open(&copy)?.sync_all()?;
    let seconds = watch.seconds();
    fs::remove_file(&copy)?;
    Ok(seconds)
}

/// Uploads by the LFS protocol with curl and commits; the seconds from the request for an address to
/// the answer of the commit. The client's own hashing is not ours and happens before.
fn upload(hub: &Hub, file: &Path, size: u64) -> anyhow::Result<f64> {
    let sum = server::run(Command::new("sha256sum").arg(file))?;
    let sha256 = sum.split(' ').next().unwrap_or_default();
    let repo = format!("{USER}/{REPO}");
    let watch = Stopwatch::start();
    let address = hub.upload_address(&repo, sha256, size)?.context("the server says that it has the file")?;
    curl(&["-T", &file.to_string_lossy(), &address])?;
    hub.commit(&repo, "Add weights", &[Change::LargeFile { path: FILE, sha256, size }])?;
    Ok(watch.seconds())
}

fn curl(arguments: &[&str]) -> anyhow::Result<()> {
    server::run(Command::new("curl").args(["-sSfL", "-o", "/dev/null"]).args(arguments)).map(drop)
}

/// What comes back must be what went up, or the speed means nothing.
fn check_bytes(address: &str, file: &Path) -> anyhow::Result<()> {
    let back = file.with_extension("back");
    server::run(Command::new("curl").args(["-sSfL", "-o"]).arg(&back).arg(address))?;
    let same = Command::new("cmp").arg(file).arg(&back).status()?.success();
    fs::remove_file(&back)?;
    ensure!(same, "{address} returns other bytes than were uploaded");
    Ok(())
}

/// GiB per second over all clients together, the best of a few runs.
fn best_download(address: &str, clients: u64, gib: f64) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for _ in 0..REPEATS {
        let watch = Stopwatch::start();
        thread::scope(|scope| {
            let downloads: Vec<_> = (0..clients).map(|_| scope.spawn(|| curl(&[address]))).collect();
            for download in downloads {
                match download.join() {
                    Ok(outcome) => outcome?,
                    Err(_) => bail!("a thread panicked"),
                }
            }
            Ok(())
        })?;
        best = best.max(gib * clients as f64 / watch.seconds());
    }
    Ok(best)
}

/// The same by the real client, which hashes before it sends and starts a Python.
fn with_hf_client(bench: &mut Bench, gib: f64) -> anyhow::Result<()> {
    let Some(hf) = hf_client(&bench.root) else {
        println!("  no hf client: `bin/test compat` installs it into compat/.venv, or put `hf` on the PATH");
        return Ok(());
    };
    let folder = bench.scratch.path().join("hf");
    fs::create_dir_all(&folder)?;
    let file = folder.join("other.bin");
    write_random(&file, bench.plan.size_bytes, 2)?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&hf);
        command
            .args(arguments)
            .env("HF_ENDPOINT", bench.server.address())
            .env("HF_TOKEN", server::TOKEN)
            .env("HF_HOME", folder.join("home"))
            .env("HF_HUB_DISABLE_XET", "1")
            .env("HF_HUB_DISABLE_TELEMETRY", "1");
        command
    };
    let repo = format!("{USER}/transfer-hf");
    let watch = Stopwatch::start();
    server::run(&mut command(&["upload", &repo, &file.to_string_lossy(), "other.bin"]))?;
    let up = watch.seconds();
    let back = folder.join("back");
    let watch = Stopwatch::start();
    server::run(&mut command(&["download", &repo, "other.bin", "--local-dir", &back.to_string_lossy()]))?;
    let down = watch.seconds();
    let same = Command::new("cmp").arg(&file).arg(back.join("other.bin")).status()?.success();
    ensure!(same, "hf download returned other bytes than hf upload sent");
    bench.table.add("upload, hf (its own start and hashing included)", gib / up, "GiB/s", Goal::None);
    bench.table.add("download, hf", gib / down, "GiB/s", Goal::None);
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn hf_client(root: &Path) -> Option<PathBuf> {
    let ours = root.join("compat/.venv/bin/hf");
    let on_path = || {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).map(|folder| folder.join("hf")).find(|file| file.is_file())
    };
    if ours.is_file() { Some(ours) } else { on_path() }
}
