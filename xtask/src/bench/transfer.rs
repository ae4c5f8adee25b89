//! One large file up and down: by curl, alone and many at once, and by the `hf` client.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

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
pub(super) const GIB: f64 = (1_u64 << 30) as f64;
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

    let (by_sha256sum, by_hardware) = reference_seconds(&file)?;
    bench.table.add("sha256sum and a copy of the file", gib / by_sha256sum, "GiB/s", Goal::None);
    bench.table.add("SHA-256 by this program and a copy", gib / by_hardware, "GiB/s", Goal::None);
    let hub = bench.server.hub();
    hub.create_model(REPO)?;
    let before = process.cpu_seconds()?;
    let seconds = upload(&hub, REPO, &file, bench.plan.size_bytes)?;
    let cpu = process.cpu_seconds()? - before;
    bench.table.add("upload, curl", gib / seconds, "GiB/s", Goal::None);
    bench.table.add("upload beside sha256sum and a copy", by_sha256sum / seconds, "ratio", Goal::AtLeast(0.8));
    bench.table.add("upload beside SHA-256 by this program and a copy", by_hardware / seconds, "ratio", Goal::None);
    bench.table.add("upload, processor time of the server", cpu / gib, "s/GiB", Goal::None);

    let ours = format!("{}/{USER}/{REPO}/resolve/main/{FILE}", bench.server.address());
    check_bytes(&ours, &file)?;
    let nginx = Nginx::start(&folder, bench.scratch.path())?;
    if nginx.is_none() {
        println!("  nginx is not installed (Debian: apt-get install nginx-light): no limit to compare with");
    }
    for clients in [1, bench.plan.clients] {
        download(bench, &process, &ours, nginx.as_ref(), clients, gib)?;
    }
    super::client::large_file(bench, gib)?;
    bench.table.add("peak memory of all transfers", process.peak_mib()?, "MiB", Goal::Below(200.0));
    Ok(())
}

pub(super) fn write_random(path: &Path, size: u64, seed: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path).with_context(|| format!("cannot create {}", path.display()))?);
    let mut random = Random::new(seed);
    for _ in 0..size / MIB {
        file.write_all(&random.bytes(MIB as usize))?;
    }
    file.into_inner()?.sync_all()?;
    Ok(())
}

/// How long it takes to hash and to copy the file: the hash by `sha256sum`, which uses no instructions of the processor
/// for it on most systems, and by the library that the server uses too.
pub(super) fn reference_seconds(file: &Path) -> anyhow::Result<(f64, f64)> {
    // Whoever reads first may wait for the disk.
    fs::read(file).map(drop)?;
    let watch = Stopwatch::start();
    server::run(Command::new("sha256sum").arg(file))?;
    let by_sha256sum = watch.seconds();
    let watch = Stopwatch::start();
    let mut reader = File::open(file)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; MIB as usize];
    loop {
        match reader.read(&mut chunk)? {
            0 => break,
            length => hash.update(&chunk[..length]),
        }
    }
    std::hint::black_box(hash.finalize());
    let by_hardware = watch.seconds();
    let copy = file.with_extension("copy");
    let watch = Stopwatch::start();
    server::run(Command::new("cp").arg(file).arg(&copy))?;
    // The server answers when the bytes are safe on the disk; the copy has to be as safe.
    File::open(&copy)?.sync_all()?;
    let copied = watch.seconds();
    fs::remove_file(&copy)?;
    Ok((by_sha256sum + copied, by_hardware + copied))
}

/// Downloads from the server and from nginx in turn, so that both meet the same moods of the machine.
fn download(
    bench: &mut Bench,
    process: &Process,
    ours: &str,
    nginx: Option<&Nginx>,
    clients: u64,
    gib: f64,
) -> anyhow::Result<()> {
    let (mut speed, mut cpu): (f64, f64) = (0.0, 0.0);
    let (mut limit, mut limit_cpu): (f64, f64) = (0.0, 0.0);
    for _ in 0..REPEATS {
        let before = process.cpu_seconds()?;
        speed = speed.max(download_speed(ours, clients, gib)?);
        cpu += process.cpu_seconds()? - before;
        if let Some(nginx) = nginx {
            let before = nginx.cpu_seconds()?;
            limit = limit.max(download_speed(&nginx.address(FILE), clients, gib)?);
            limit_cpu += nginx.cpu_seconds()? - before;
        }
    }
    let moved = gib * clients as f64 * REPEATS as f64;
    let table = &mut bench.table;
    table.add(format!("download, curl, {clients} at once"), speed, "GiB/s", Goal::None);
    table.add(format!("download, {clients} at once, processor time"), cpu / moved, "s/GiB", Goal::None);
    if nginx.is_some() {
        table.add(format!("nginx, curl, {clients} at once"), limit, "GiB/s", Goal::None);
        table.add(format!("nginx, {clients} at once, processor time"), limit_cpu / moved, "s/GiB", Goal::None);
        let what = format!("download beside nginx, {clients} at once");
        // nginx hands pages of the file to the connection; a server in front of hyper copies them in and out once.
        let note = "nginx sends by sendfile, Hearth copies through memory";
        table.add_with_note(what, speed / limit, "ratio", Goal::AtLeast(0.9), note);
    }
    Ok(())
}

/// Uploads by the LFS protocol with curl and commits; the seconds from the request for an address to
/// the answer of the commit. The client's own hashing is not ours and happens before.
pub(super) fn upload(hub: &Hub, repo: &str, file: &Path, size: u64) -> anyhow::Result<f64> {
    let sum = server::run(Command::new("sha256sum").arg(file))?;
    let sha256 = sum.split(' ').next().unwrap_or_default();
    let repo = format!("{USER}/{repo}");
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
pub(super) fn check_bytes(address: &str, file: &Path) -> anyhow::Result<()> {
    let back = file.with_extension("back");
    server::run(Command::new("curl").args(["-sSfL", "-o"]).arg(&back).arg(address))?;
    let same = Command::new("cmp").arg(file).arg(&back).status()?.success();
    fs::remove_file(&back)?;
    ensure!(same, "{address} returns other bytes than were uploaded");
    Ok(())
}

/// GiB per second over all clients together.
pub(super) fn download_speed(address: &str, clients: u64, gib: f64) -> anyhow::Result<f64> {
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
    Ok(gib * clients as f64 / watch.seconds())
}
