//! Small commits one after another and at once, and one commit of 500 files.

use std::thread;

use anyhow::bail;

use crate::client::{Change, Hub};
use crate::server::USER;
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::table::{Goal, percentile};

const BRANCHES_AT_ONCE: u64 = 8;
pub(super) const MANY_FILES: usize = 500;
const REPEATS: usize = 5;

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let hub = bench.server.hub();
    let count = bench.plan.commits;

    let mut alone = commit_repeatedly(&hub, "commits-alone", count)?;
    let rate = alone.len() as f64 / alone.iter().sum::<f64>();
    bench.table.add(format!("{count} small commits, one after another"), rate, "per s", Goal::AtLeast(200.0));
    bench.table.add("the slowest in a hundred", percentile(&mut alone, 0.99) * 1000.0, "ms", Goal::None);

    let share = count.div_ceil(BRANCHES_AT_ONCE);
    let watch = Stopwatch::start();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..BRANCHES_AT_ONCE)
            .map(|worker| {
                let hub = bench.server.hub();
                scope.spawn(move || commit_repeatedly(&hub, &format!("commits-{worker}"), share))
            })
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(outcome) => drop(outcome?),
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(())
    })?;
    let rate = (share * BRANCHES_AT_ONCE) as f64 / watch.seconds();
    bench.table.add(format!("in {BRANCHES_AT_ONCE} repositories at once"), rate, "per s", Goal::AtLeast(200.0));

    hub.create_model("many")?;
    let mut seconds = Vec::new();
    for round in 0..REPEATS {
        let files = many_files(round);
        let changes: Vec<Change<'_>> =
            files.iter().map(|(path, content)| Change::File { path, content: content.as_bytes() }).collect();
        let watch = Stopwatch::start();
        hub.commit(&format!("{USER}/many"), &format!("Add {MANY_FILES} files, part {round}"), &changes)?;
        seconds.push(watch.seconds());
    }
    let median = percentile(&mut seconds, 0.5);
    bench.table.add(format!("commit of {MANY_FILES} files"), median, "s", Goal::Below(0.3));
    Ok(())
}

/// Paths and contents of a commit with [`MANY_FILES`] files in ten folders.
pub(super) fn many_files(round: usize) -> Vec<(String, String)> {
    (0..MANY_FILES)
        .map(|index| {
            let path = format!("part-{round}/folder-{}/file-{index:04}.json", index % 10);
            (path, format!("{{\"round\": {round}, \"index\": {index}, \"text\": \"{}\"}}\n", "word ".repeat(50)))
        })
        .collect()
}

/// Makes `count` commits of one small file each; the seconds that each took.
fn commit_repeatedly(hub: &Hub, name: &str, count: u64) -> anyhow::Result<Vec<f64>> {
    hub.create_model(name)?;
    let repo = format!("{USER}/{name}");
    let mut seconds = Vec::new();
    for index in 0..count {
        let path = format!("notes/note-{index}.txt");
        let content = format!("note {index} of {name}\n");
        let watch = Stopwatch::start();
        hub.commit(&repo, &format!("Add note {index}"), &[Change::File { path: &path, content: content.as_bytes() }])?;
        seconds.push(watch.seconds());
    }
    Ok(seconds)
}
