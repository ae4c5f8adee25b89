//! Xet by the client that people have: unique content, then a version with 5 % changed, up and down, by one and by many.
//!
//! Beside it in the same run: the same file by LFS on the same server, and a plain copy with its SHA-256. A machine that
//! has just been set up is cold, one that did it before is warm; a cold store has none of its files in memory.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::process::Process;
use super::table::Goal;
use super::transfer::{self, GIB, write_random};
use super::{Bench, MIB};
use crate::random::Random;
use crate::server::USER;

mod machine;
mod parts;
mod stored;

use machine::{Machine, Spent};
use stored::Stored;

const FILE: &str = "weights.bin";
/// The file of the edited version is 5 % other bytes, in so many places: tensors that were trained on.
const CHANGED_PLACES: u64 = 8;
const CHANGED_PER_MILLE: u64 = 50;
/// Of so many downloads the fastest counts, as in the comparison with nginx.
const REPEATS: usize = 3;

/// What all steps need.
struct Xet<'a> {
    bench: &'a mut Bench,
    program: PathBuf,
    folder: PathBuf,
    process: Process,
    stored: Stored,
    gib: f64,
}

/// One client after the other, then many at once.
pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let Some(mut xet) = Xet::begin(bench)? else { return Ok(()) };
    let unique = xet.folder.join(FILE);
    write_random(&unique, xet.bench.plan.size_bytes, 11)?;
    let whole = xet.by_lfs(&unique)?;
    xet.process.forget_peak()?;
    xet.alone(&unique, &whole)?;
    fs::remove_file(&unique)?;
    xet.together()?;
    let peak = xet.process.peak_mib()?;
    xet.row("peak memory of the server by Xet", peak, "MiB", Goal::Below(300.0));
    Ok(())
}

/// A large file of which most is zeros, as an image of a disk is: up, a little changed, down.
pub(super) fn measure_huge(bench: &mut Bench) -> anyhow::Result<()> {
    let Some(mut xet) = Xet::begin(bench)? else { return Ok(()) };
    let (size, gib) = (xet.bench.plan.size_bytes, xet.gib);
    let file = xet.folder.join("disk.img");
    write_sparse(&file, size)?;
    xet.process.forget_peak()?;
    let machine = xet.machine("huge")?;
    let up = xet.spend(|| machine.upload("huge", &file, "disk.img"))?;
    xet.row("huge: upload by Xet", gib / up.seconds, "GiB/s", Goal::None);
    xet.row("huge: processor time of the server", up.server_cpu / gib, "s/GiB", Goal::None);
    xet.row("huge: moved of it", 100.0 * up.received_bytes / size as f64, "%", Goal::None);
    overwrite(&file, size / 2, 8 * MIB, 23)?;
    let again = xet.spend(|| machine.upload("huge", &file, "disk.img"))?;
    xet.row("huge: moved after 8 MiB changed", again.received_bytes / MIB as f64, "MiB", Goal::None);
    let back = xet.folder.join("back");
    let down = xet.spend(|| machine.download("huge", &back, true))?;
    ensure_same(&file, &back.join("disk.img"))?;
    xet.row("huge: download by Xet", gib / down.seconds, "GiB/s", Goal::None);
    fs::remove_dir_all(&back)?;
    let stored = xet.stored.bytes()?;
    xet.row("huge: stored of both versions", stored / GIB, "GiB", Goal::None);
    let peak = xet.process.peak_mib()?;
    xet.row("huge: peak memory of the server", peak, "MiB", Goal::Below(300.0));
    Ok(())
}

impl<'a> Xet<'a> {
    /// `None` if the client is not installed.
    fn begin(bench: &'a mut Bench) -> anyhow::Result<Option<Self>> {
        let Some(program) = super::client::installed(&bench.root) else {
            println!("  no hf client: `bin/test compat` installs it into compat/.venv, or put `hf` on the PATH");
            return Ok(None);
        };
        let folder = bench.scratch.path().join("xet");
        fs::create_dir_all(&folder)?;
        let process = Process::new(bench.server.pid())?;
        let stored = Stored::new(bench.scratch.path().join("data/blobs"));
        let gib = bench.plan.size_bytes as f64 / GIB;
        Ok(Some(Self { bench, program, folder, process, stored, gib }))
    }

    fn row(&mut self, what: impl Into<String>, value: f64, unit: &'static str, goal: Goal) {
        self.bench.table.add(what, value, unit, goal);
    }

    /// A computer on which nothing was done yet.
    fn machine(&self, name: &str) -> anyhow::Result<Machine> {
        Machine::new(&self.program, self.bench.server.address(), self.folder.join(name))
    }

    fn spend(&self, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Spent> {
        Spent::on(&self.bench.server.hub(), &self.process, work)
    }

    fn address(&self, repo: &str) -> String {
        format!("{}/{USER}/{repo}/resolve/main/{FILE}", self.bench.server.address())
    }

    /// What Xet stands beside: a copy with its digest, and LFS. Answers where the whole file is.
    fn by_lfs(&mut self, file: &Path) -> anyhow::Result<String> {
        let gib = self.gib;
        let (_, by_hardware) = transfer::reference_seconds(file)?;
        self.row("a copy of the file and its SHA-256", gib / by_hardware, "GiB/s", Goal::None);
        let hub = self.bench.server.hub();
        hub.create_model("whole")?;
        let before = self.process.cpu_seconds()?;
        let seconds = transfer::upload(&hub, "whole", file, self.bench.plan.size_bytes)?;
        let cpu = self.process.cpu_seconds()? - before;
        self.row("LFS: upload, curl", gib / seconds, "GiB/s", Goal::None);
        self.row("LFS: processor time of the server", cpu / gib, "s/GiB", Goal::None);
        let stored = self.stored.bytes()?;
        self.row("LFS: stored", stored / GIB, "GiB", Goal::None);
        Ok(self.address("whole"))
    }

    fn alone(&mut self, file: &Path, whole: &str) -> anyhow::Result<()> {
        let (gib, size) = (self.gib, self.bench.plan.size_bytes as f64);
        let before = self.stored.bytes()?;
        let (first, second) = (self.machine("first")?, self.machine("second")?);
        let up = self.spend(|| first.upload("unique", file, FILE))?;
        self.row("upload of unique content", gib / up.seconds, "GiB/s", Goal::None);
        let note = "all of hf, and hf-xet in it, waited for";
        self.bench.table.add_with_note(
            "  processor time of the client",
            up.client_cpu / gib,
            "s/GiB",
            Goal::None,
            note,
        );
        self.row("  processor time of the server", up.server_cpu / gib, "s/GiB", Goal::Below(1.5));
        parts::add(&mut self.bench.table, up.server_cpu / gib)?;
        self.row("  moved", 100.0 * up.received_bytes / size, "%", Goal::None);
        let stored = self.stored.bytes()? - before;
        self.row("  stored", stored / GIB, "GiB", Goal::None);

        self.download(&first, "unique", file, whole)?;

        change(file, self.bench.plan.size_bytes)?;
        let warm = self.spend(|| first.upload("unique", file, FILE))?;
        self.row("5 % changed, warm client: moved", 100.0 * warm.received_bytes / size, "%", Goal::Below(8.0));
        self.row("  upload", gib / warm.seconds, "GiB/s", Goal::None);
        self.row("  processor time of the server", warm.server_cpu / gib, "s/GiB", Goal::None);
        let both = self.stored.bytes()? - before;
        self.row("  stored with the version before", both / GIB, "GiB", Goal::None);
        // Another place of the file is changed, so that this client has something of its own to send.
        overwrite(file, self.bench.plan.size_bytes / 7, self.bench.plan.size_bytes / 20, 22)?;
        let cold = self.spend(|| second.upload("unique", file, FILE))?;
        self.row("5 % changed, cold client: moved", 100.0 * cold.received_bytes / size, "%", Goal::Below(8.0));
        self.row("  upload", gib / cold.seconds, "GiB/s", Goal::None);
        let back = self.folder.join("back");
        let address = self.address("unique");
        transfer::check_bytes(&address, file)?;
        let down = self.spend(|| second.download("unique", &back, true))?;
        ensure_same(file, &back.join(FILE))?;
        fs::remove_dir_all(&back)?;
        self.row("  download by Xet of the third version", gib / down.seconds, "GiB/s", Goal::None);
        Ok(())
    }

    /// The same file by Xet, by the same client without Xet, and by curl from its chunks and from a whole copy.
    fn download(&mut self, machine: &Machine, repo: &str, file: &Path, whole: &str) -> anyhow::Result<()> {
        let (gib, back) = (self.gib, self.folder.join("back"));
        let mut best = [0.0_f64; 2];
        let (mut client_cpu, mut server_cpu) = (0.0, 0.0);
        self.stored.cool()?;
        for repeat in 0..=REPEATS {
            for (by_xet, best) in [true, false].into_iter().zip(&mut best) {
                let spent = self.spend(|| machine.download(repo, &back, by_xet))?;
                ensure_same(file, &back.join(FILE))?;
                fs::remove_dir_all(&back)?;
                match (repeat, by_xet) {
                    (0, true) => self.row("download by Xet, cold store", gib / spent.seconds, "GiB/s", Goal::None),
                    (0, false) => {}
                    _ => *best = best.max(gib / spent.seconds),
                }
                if repeat > 0 && by_xet {
                    client_cpu += spent.client_cpu / gib / REPEATS as f64;
                    server_cpu += spent.server_cpu / gib / REPEATS as f64;
                }
            }
        }
        let [by_xet, plain] = best;
        self.row("download by Xet", by_xet, "GiB/s", Goal::None);
        self.row("  processor time of the client", client_cpu, "s/GiB", Goal::None);
        self.row("  processor time of the server", server_cpu, "s/GiB", Goal::None);
        self.row("plain download of it, hf", plain, "GiB/s", Goal::None);
        self.row("download by Xet beside the plain one", by_xet / plain, "ratio", Goal::AtLeast(0.7));
        let chunks = self.address(repo);
        self.stored.cool()?;
        let cold = transfer::download_speed(&chunks, 1, gib)?;
        self.row("plain download of it, curl, cold store", cold, "GiB/s", Goal::None);
        self.plain(&chunks, whole, 1)?;
        let clients = self.bench.plan.clients;
        self.plain(&chunks, whole, clients)
    }

    /// The bytes of a file out of its chunks, and out of a whole copy, in turn.
    fn plain(&mut self, chunks: &str, whole: &str, clients: u64) -> anyhow::Result<()> {
        let gib = self.gib;
        let (mut ours, mut limit, mut cpu): (f64, f64, f64) = (0.0, 0.0, 0.0);
        for _ in 0..REPEATS {
            let before = self.process.cpu_seconds()?;
            ours = ours.max(transfer::download_speed(chunks, clients, gib)?);
            cpu += self.process.cpu_seconds()? - before;
            limit = limit.max(transfer::download_speed(whole, clients, gib)?);
        }
        self.row(format!("plain download of chunks, curl, {clients} at once"), ours, "GiB/s", Goal::None);
        self.row(
            "  processor time of the server",
            cpu / gib / (clients as usize * REPEATS) as f64,
            "s/GiB",
            Goal::None,
        );
        self.row(format!("plain download of a whole copy, {clients} at once"), limit, "GiB/s", Goal::None);
        self.row(format!("chunks beside the whole copy, {clients} at once"), ours / limit, "ratio", Goal::AtLeast(0.6));
        Ok(())
    }

    /// Many machines at once, each with a share of the content of its own.
    fn together(&mut self) -> anyhow::Result<()> {
        let (gib, clients) = (self.gib, self.bench.plan.clients);
        let mut machines = Vec::new();
        for number in 0..clients {
            let machine = self.machine(&format!("machine-{number}"))?;
            let file = machine.home().join(FILE);
            write_random(&file, self.bench.plan.size_bytes / clients / MIB * MIB, 100 + number)?;
            machines.push((format!("shared-{number}"), machine, file));
        }
        let up =
            self.spend(|| machine::at_once(&machines, |(repo, machine, file)| machine.upload(repo, file, FILE)))?;
        self.row(format!("upload of unique content, {clients} at once"), gib / up.seconds, "GiB/s", Goal::None);
        self.row("  processor time of the server", up.server_cpu / gib, "s/GiB", Goal::Below(1.5));
        let down = self.spend(|| {
            machine::at_once(&machines, |(repo, machine, file)| {
                let back = machine.home().join("back");
                machine.download(repo, &back, true)?;
                ensure_same(file, &back.join(FILE))
            })
        })?;
        self.row(format!("download by Xet, {clients} at once"), gib / down.seconds, "GiB/s", Goal::None);
        self.row("  processor time of the server", down.server_cpu / gib, "s/GiB", Goal::None);
        Ok(())
    }
}

/// Changes 5 % of a file, in some places.
fn change(path: &Path, size: u64) -> anyhow::Result<()> {
    let each = size * CHANGED_PER_MILLE / 1000 / CHANGED_PLACES;
    (0..CHANGED_PLACES)
        .try_for_each(|place| overwrite(path, (2 * place + 1) * size / (2 * CHANGED_PLACES), each, 30 + place))
}

fn overwrite(path: &Path, at: u64, size: u64, seed: u64) -> anyhow::Result<()> {
    let mut file = File::options().write(true).open(path).with_context(|| format!("cannot open {}", path.display()))?;
    file.seek(SeekFrom::Start(at))?;
    let mut random = Random::new(seed);
    let mut left = size;
    while left > 0 {
        let part = left.min(MIB);
        file.write_all(&random.bytes(part as usize))?;
        left -= part;
    }
    file.sync_all()?;
    Ok(())
}

/// Every sixteenth stretch of 8 MiB has content; the others are holes.
fn write_sparse(path: &Path, size: u64) -> anyhow::Result<()> {
    File::create(path)?.set_len(size)?;
    let stretch = 8 * MIB;
    (0..size / (16 * stretch)).try_for_each(|number| overwrite(path, number * 16 * stretch, stretch, 1000 + number))
}

fn ensure_same(sent: &Path, back: &Path) -> anyhow::Result<()> {
    let (mut sent, mut back) = (File::open(sent)?, File::open(back)?);
    let (mut ours, mut theirs) = (vec![0; MIB as usize], vec![0; MIB as usize]);
    ensure!(sent.metadata()?.len() == back.metadata()?.len(), "the download has another length than the file");
    loop {
        let length = sent.read(&mut ours)?;
        if length == 0 {
            return Ok(());
        }
        back.read_exact(&mut theirs[..length])?;
        ensure!(ours[..length] == theirs[..length], "the download has other bytes than the file");
    }
}
