//! Clone, fetch and push with git itself, beside `git http-backend` on a bare repository with bitmaps in the same run.
//!
//! Both sides get the same history from the same client. Clones are bare: writing files out costs the same everywhere
//! and would hide what is measured. Each number is the best of a few tries, because a busy machine only ever adds.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::random::Random;
use crate::server::{TOKEN, USER, run};
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::process::Process;
use super::table::Goal;
use backend::Backend;

mod backend;

/// The files of the first commit, and how many folders they are in.
const FILES: u64 = 10_000;
const FOLDERS: u64 = 100;
/// How many files each later commit changes.
const CHANGES: u64 = 5;
const CLONES_AT_ONCE: usize = 32;
const REPEATS: usize = 3;

/// One of the two servers.
struct Side {
    name: &'static str,
    address: String,
    /// Seconds of each measurement, in their order.
    seconds: Vec<f64>,
}

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let folder = bench.scratch.path().join("git");
    fs::create_dir_all(&folder)?;
    let origin = folder.join("origin.git");
    let objects = make_history(&origin, bench.plan.commits)?;
    let bare = folder.join("bare.git");
    git(&folder, ["init", "--quiet", "--bare", "--initial-branch=main"], Some(&bare))?;
    git(&bare, ["config", "http.receivepack", "true"], None)?;
    let backend = Backend::start(&folder)?;
    bench.server.hub().create_model("history")?;
    let address = bench.server.address().replace("://", &format!("://{USER}:{TOKEN}@"));
    let mut ours = Side { name: "hearth", address: format!("{address}/{USER}/history.git"), seconds: Vec::new() };
    let mut theirs = Side { name: "git", address: backend.address("bare.git"), seconds: Vec::new() };
    let process = Process::new(bench.server.pid())?;
    process.forget_peak()?;

    for side in [&mut theirs, &mut ours] {
        let watch = Stopwatch::start();
        git(&origin, ["push", "--quiet", "--force", &side.address, "main"], None)?;
        side.seconds.push(watch.seconds());
    }
    bench.table.add(format!("push of {objects} objects, peak memory"), process.peak_mib()?, "MiB", Goal::Below(300.0));
    git(&bare, ["repack", "-adbq"], None)?;
    show_storage(bench, &bare)?;

    process.forget_peak()?;
    for round in 0..=REPEATS {
        for side in [&mut theirs, &mut ours] {
            let seconds = clone(&folder, side, &format!("clone-{round}"))?;
            // The first clone of ours finds nothing prepared; the best of the others is the second number.
            side.seconds.push(seconds);
        }
    }
    bench.table.add("clone, peak memory", process.peak_mib()?, "MiB", Goal::Below(300.0));
    small_steps(&folder, &origin, [&mut theirs, &mut ours])?;
    process.forget_peak()?;
    for side in [&mut theirs, &mut ours] {
        side.seconds.push(many_clones(&folder, side)?);
    }
    bench.table.add(format!("{CLONES_AT_ONCE} clones at once, peak memory"), process.peak_mib()?, "MiB", Goal::None);
    show(bench, objects, &theirs, &ours);
    Ok(())
}

/// What the history takes, beside the pack of `git gc`.
fn show_storage(bench: &mut Bench, bare: &Path) -> anyhow::Result<()> {
    git(bare, ["gc", "--quiet"], None)?;
    let (mut pack, mut all) = (0, 0);
    for file in fs::read_dir(bare.join("objects/pack"))? {
        let file = file?;
        let bytes = file.metadata()?.len();
        all += bytes;
        pack += if file.path().extension().is_some_and(|ending| ending == "pack") { bytes } else { 0 };
    }
    let said = bench.server.storage()?;
    let between = |before: &str, after: &str| -> anyhow::Result<f64> {
        let rest = said.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        let (text, _) = rest.with_context(|| format!("'{before}' is not in what was said:\n{said}"))?;
        mebibytes(text).with_context(|| format!("'{text}' is no size"))
    };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let (rows, database) = (between(" git objects in ", " of rows")?, between("the database in all ", "\n")?);
    let theirs = format!("git gc: pack {:.2} MiB", mib(pack));
    bench.table.add_with_note("kept in rows of objects", rows, "MiB", Goal::None, theirs);
    let theirs = format!("git gc: pack, index and bitmap {:.2} MiB", mib(all));
    bench.table.add_with_note("database, graph and paths included", database, "MiB", Goal::None, theirs);
    Ok(())
}

/// A size as a person is told it, such as `3.5 MiB`.
fn mebibytes(text: &str) -> Option<f64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let factor = match unit {
        "bytes" | "B" => 1.0 / f64::from(1 << 20),
        "KiB" => 1.0 / 1024.0,
        "MiB" => 1.0,
        "GiB" => 1024.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

/// Puts both sides into the table: ours in seconds, with theirs as a note, and the ratio against the goal.
fn show(bench: &mut Bench, objects: u64, theirs: &Side, ours: &Side) {
    let best =
        |side: &Side, from: usize, to: usize| side.seconds[from..to].iter().copied().fold(f64::INFINITY, f64::min);
    let steps = [
        (format!("push of {objects} objects"), 0, 1, Goal::Below(1.5)),
        ("clone, nothing prepared".to_owned(), 1, 2, Goal::Below(1.5)),
        ("clone again".to_owned(), 2, 2 + REPEATS, Goal::Below(1.0)),
        ("push of one commit".to_owned(), 2 + REPEATS, 2 + 2 * REPEATS, Goal::Below(1.0)),
        ("fetch of one commit".to_owned(), 2 + 2 * REPEATS, 2 + 3 * REPEATS, Goal::Below(1.0)),
        (format!("{CLONES_AT_ONCE} clones at once"), 2 + 3 * REPEATS, 3 + 3 * REPEATS, Goal::Below(1.5)),
    ];
    for (what, from, to, goal) in steps {
        let (git, hearth) = (best(theirs, from, to), best(ours, from, to));
        bench.table.add_with_note(what.clone(), hearth, "s", Goal::None, format!("git http-backend: {git:.3} s"));
        bench.table.add(format!("{what}, beside git"), hearth / git, "ratio", goal);
    }
}

/// Pushes single commits and fetches each into a clone.
fn small_steps(folder: &Path, origin: &Path, sides: [&mut Side; 2]) -> anyhow::Result<()> {
    let work = folder.join("work");
    git(folder, ["clone", "--quiet"], Some(origin)).context("the origin cannot be cloned")?;
    fs::rename(folder.join("origin"), &work)?;
    let mut fetched = [Vec::new(), Vec::new()];
    let mut pushed = [Vec::new(), Vec::new()];
    for round in 0..REPEATS {
        fs::write(work.join("one.txt"), format!("{round}\n"))?;
        git(&work, ["add", "one.txt"], None)?;
        git(&work, ["commit", "--quiet", "--message", "one more"], None)?;
        for (place, side) in sides.iter().enumerate() {
            let watch = Stopwatch::start();
            git(&work, ["push", "--quiet", &side.address, "main"], None)?;
            pushed[place].push(watch.seconds());
            let clone = folder.join(format!("clone-0-{}", side.name));
            let watch = Stopwatch::start();
            git(&clone, ["fetch", "--quiet", "origin", "main"], None)?;
            fetched[place].push(watch.seconds());
        }
    }
    for (side, (pushed, fetched)) in sides.into_iter().zip(pushed.into_iter().zip(fetched)) {
        side.seconds.extend(pushed);
        side.seconds.extend(fetched);
    }
    Ok(())
}

fn clone(folder: &Path, side: &Side, name: &str) -> anyhow::Result<f64> {
    let target = folder.join(format!("{name}-{}", side.name));
    let watch = Stopwatch::start();
    git(folder, ["clone", "--quiet", "--bare", &side.address], Some(&target))?;
    Ok(watch.seconds())
}

fn many_clones(folder: &Path, side: &Side) -> anyhow::Result<f64> {
    let watch = Stopwatch::start();
    let mut running = Vec::new();
    for number in 0..CLONES_AT_ONCE {
        let target = folder.join(format!("many-{}-{number}", side.name));
        let mut command = command(folder);
        command.args(["clone", "--quiet", "--bare", &side.address]).arg(&target);
        running.push((command.stdin(Stdio::null()).spawn()?, target));
    }
    let mut targets: Vec<PathBuf> = Vec::new();
    for (mut child, target) in running {
        ensure!(child.wait()?.success(), "a clone from {} failed", side.name);
        targets.push(target);
    }
    let seconds = watch.seconds();
    targets.into_iter().try_for_each(fs::remove_dir_all)?;
    Ok(seconds)
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Bench").env(format!("GIT_{who}_EMAIL"), "bench@example.org");
    }
    command
}

fn git<const N: usize>(folder: &Path, arguments: [&str; N], last: Option<&Path>) -> anyhow::Result<String> {
    run(command(folder).args(arguments).args(last))
}

/// Writes a history of its own with `git fast-import`; answers how many objects it has.
fn make_history(origin: &Path, commits: u64) -> anyhow::Result<u64> {
    let parent = origin.parent().context("the origin has a folder above it")?;
    git(parent, ["init", "--quiet", "--bare", "--initial-branch=main"], Some(origin))?;
    let stream = origin.with_extension("import");
    let mut out = BufWriter::new(File::create(&stream)?);
    let mut random = Random::new(4);
    for commit in 0..commits {
        let message = format!("commit {commit}");
        writeln!(out, "commit refs/heads/main")?;
        writeln!(out, "committer Bench <bench@example.org> {} +0000", 1_700_000_000 + commit * 60)?;
        writeln!(out, "data {}\n{message}", message.len())?;
        let changed: Vec<u64> = if commit == 0 {
            (0..FILES).collect()
        } else {
            (0..CHANGES).map(|place| commit.wrapping_mul(7919).wrapping_add(place * 1237) % FILES).collect()
        };
        for file in changed {
            let noise = hex::encode(random.bytes(100));
            let text = format!("{{\"file\": {file}, \"commit\": {commit}}}\n{}{noise}\n", "some words ".repeat(40));
            writeln!(out, "M 100644 inline folder-{:02}/file-{file:05}.json", file % FOLDERS)?;
            writeln!(out, "data {}\n{text}", text.len())?;
        }
    }
    out.into_inner().context("the history cannot be written")?.sync_all()?;
    run(command(origin).args(["fast-import", "--quiet"]).stdin(File::open(&stream)?))?;
    fs::remove_file(stream)?;
    git(origin, ["repack", "-adq"], None)?;
    let counted = git(origin, ["rev-list", "--objects", "--all", "--count"], None)?;
    Ok(counted.trim().parse()?)
}
