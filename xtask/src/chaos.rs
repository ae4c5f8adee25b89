//! `cargo xtask chaos`: no acknowledged commit is lost when the process is killed at any moment.
//!
//! Several threads upload and commit over HTTP; after a random while the server is killed with
//! `kill -9` and started again. Every commit that was answered must then be readable byte for byte, by
//! its id and on `main` (each commit adds paths of its own), and at the end `hearth admin check` must
//! find nothing. What was sent but not answered may be there or not. The seed is printed: it repeats
//! the bytes and the order of operations, though never the exact moments.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::client::{Change, Hub};
use crate::flags::Flags;
use crate::random::Random;
use crate::server::{self, Scratch, Server, USER};
use crate::stopwatch::Stopwatch;

const WRITERS: u64 = 6;
/// Fewer repositories than writers, so that some write to the same branch at once.
const REPOSITORIES: u64 = 3;
/// An end for a run in which the server answers nothing any more.
const ROUND_LIMIT: Duration = Duration::from_secs(20);

/// A file that the server has promised to keep.
struct Promise {
    repo: String,
    commit: String,
    path: String,
    content: Vec<u8>,
}

pub(crate) fn run(root: &Path, flags: &mut Flags) -> anyhow::Result<()> {
    let rounds = flags.number("rounds", 20)?;
    let wanted = flags.number("operations", 200)?;
    let seed = flags.number("seed", u64::from(std::process::id()))?;
    let place = flags.text("scratch");
    let binary = flags.text("binary");
    flags.finish()?;
    let binary = server::binary(root, binary)?;
    println!("chaos: {rounds} rounds, {wanted} operations or more, seed {seed}");

    let scratch = Scratch::new(place)?;
    let mut server = Server::prepare(&binary, scratch.path())?;
    for index in 0..REPOSITORIES {
        server.hub().create_model(&format!("chaos-{index}"))?;
    }
    let mut random = Random::new(seed);
    let mut kept: Vec<Promise> = Vec::new();
    let attempts = AtomicU64::new(0);
    for round in 0..rounds {
        let share = wanted.div_ceil(rounds);
        let promises = torture(&mut server, &mut random, share, &attempts)?;
        server.restart().context("the server did not come back after kill -9")?;
        verify(&server.hub(), &promises).with_context(|| format!("after kill {round}"))?;
        println!(
            "round {round}: {} files acknowledged, all there; ready again after {} ms",
            promises.len(),
            server.ready_after.as_millis()
        );
        kept.extend(promises);
    }
    verify(&server.hub(), &kept).context("at the end")?;
    server.stop()?;
    let report = server.check().context("hearth admin check is not clean")?;
    println!("{}", report.trim_end());
    ensure!(!kept.is_empty(), "no commit was acknowledged: this run has proved nothing");
    let attempts = attempts.load(Ordering::Relaxed);
    println!("chaos: {rounds} kills, {attempts} operations, {} files acknowledged, none lost, check clean", kept.len());
    Ok(())
}

/// Lets the writers work until the round's share is begun, then kills the server in the middle of the rest.
fn torture(server: &mut Server, random: &mut Random, share: u64, attempts: &AtomicU64) -> anyhow::Result<Vec<Promise>> {
    let dead = AtomicBool::new(false);
    let address = server.address();
    let before = attempts.load(Ordering::Relaxed);
    let extra = Duration::from_micros(random.between(0, 60_000));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let random = Random::new(random.next());
                let hub = Hub::new(address.clone(), server::TOKEN);
                let dead = &dead;
                scope.spawn(move || write_until_dead(&hub, writer, random, dead, attempts))
            })
            .collect();
        let watch = Stopwatch::start();
        while attempts.load(Ordering::Relaxed) < before + share && watch.elapsed() < ROUND_LIMIT {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(extra);
        // From here on a refused connection is no news.
        dead.store(true, Ordering::SeqCst);
        let killed = server.kill();
        let mut promises = Vec::new();
        for writer in writers {
            match writer.join() {
                Ok(outcome) => promises.extend(outcome?),
                Err(_) => bail!("a writer panicked"),
            }
        }
        killed?;
        Ok(promises)
    })
}

fn write_until_dead(
    hub: &Hub,
    writer: u64,
    mut random: Random,
    dead: &AtomicBool,
    attempts: &AtomicU64,
) -> anyhow::Result<Vec<Promise>> {
    let repo = format!("{USER}/chaos-{}", writer % REPOSITORIES);
    let mut promises = Vec::new();
    let watch = Stopwatch::start();
    while !dead.load(Ordering::SeqCst) && watch.elapsed() < ROUND_LIMIT {
        attempts.fetch_add(1, Ordering::Relaxed);
        match operate(hub, &repo, &mut random) {
            Ok(kept) => promises.extend(kept),
            Err(_) if dead.load(Ordering::SeqCst) => break,
            // Two writers of one branch may meet: a clear conflict is a right answer.
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(error.context(format!("writer {writer} while the server was alive"))),
        }
    }
    Ok(promises)
}

fn is_conflict(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.contains("409") || text.contains("412")
}

/// One upload or commit of a random shape. What it returns has been acknowledged.
fn operate(hub: &Hub, repo: &str, random: &mut Random) -> anyhow::Result<Vec<Promise>> {
    let stem = format!("{:016x}", random.next());
    let files: Vec<(String, Vec<u8>)> = match random.between(0, 4) {
        0 | 1 => vec![(format!("small/{stem}.txt"), bytes(random, 1, 2_000))],
        2 => (0..20).map(|index| (format!("many/{stem}/{index}.txt"), bytes(random, 1, 500))).collect(),
        _ => vec![(format!("large/{stem}.bin"), bytes(random, 100_000, 3_000_000))],
    };
    let is_large = files[0].0.starts_with("large/");
    let sha256 = if is_large { hub.upload(repo, &files[0].1)? } else { String::new() };
    let changes: Vec<Change<'_>> = files
        .iter()
        .map(|(path, content)| match is_large {
            true => Change::LargeFile { path, sha256: &sha256, size: content.len() as u64 },
            false => Change::File { path, content },
        })
        .collect();
    let commit = hub.commit(repo, &format!("Add {stem}"), &changes)?;
    Ok(files
        .into_iter()
        .map(|(path, content)| Promise { repo: repo.to_owned(), commit: commit.clone(), path, content })
        .collect())
}

fn bytes(random: &mut Random, low: u64, high: u64) -> Vec<u8> {
    let length = random.between(low, high);
    random.bytes(usize::try_from(length).unwrap_or(usize::MAX))
}

fn verify(hub: &Hub, promises: &[Promise]) -> anyhow::Result<()> {
    for promise in promises {
        for revision in [promise.commit.as_str(), "main"] {
            let Promise { repo, path, .. } = promise;
            let found = hub.file(repo, revision, path);
            let found = found.with_context(|| format!("{repo} has lost {path} of commit {}", promise.commit))?;
            ensure!(found == promise.content, "{repo} returns other bytes for {path} at {revision}");
        }
    }
    Ok(())
}
