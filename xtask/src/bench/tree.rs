//! Listing large trees, page by page as clients do, and making them.

use anyhow::ensure;

use crate::client::{Change, Hub};
use crate::server::USER;
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::table::{Goal, percentile};

/// One commit of this many files is what the server promises to take.
const FILES_PER_COMMIT: u64 = 25_000;
const FOLDERS: u64 = 100;
/// Enough samples for a 99th percentile, few enough to end.
const PAGES: usize = 300;

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let hub = bench.server.hub();
    for files in [bench.plan.files / 10, bench.plan.files] {
        let repo = format!("{USER}/tree-{files}");
        hub.create_model(&format!("tree-{files}"))?;
        let slowest = fill(&hub, &repo, files)?;
        let most = files.min(FILES_PER_COMMIT);
        bench.table.add(format!("tree of {files} files: commit of {most}"), slowest, "s", Goal::None);
        for (query, name) in LISTINGS {
            let (mut seconds, listed) = list(&hub, &repo, query)?;
            if query.contains("recursive=true") {
                ensure!(listed >= files, "the listing of {repo} ended after {listed} of {files} files");
            }
            let worst = percentile(&mut seconds, 0.99) * 1000.0;
            let goal = if query.contains("expand") { Goal::None } else { Goal::Below(20.0) };
            bench.table.add(format!("tree of {files} files: {name}, p99"), worst, "ms", goal);
        }
    }
    Ok(())
}

/// How the tree is listed.
const LISTINGS: [(&str, &str); 3] = [
    ("recursive=true", "page of the whole tree"),
    ("recursive=false", "root page"),
    ("recursive=true&expand=true", "page with last commits"),
];

/// Commits `files` small files; the seconds of the slowest commit.
fn fill(hub: &Hub, repo: &str, files: u64) -> anyhow::Result<f64> {
    let mut slowest: f64 = 0.0;
    for first in (0..files).step_by(FILES_PER_COMMIT as usize) {
        let added: Vec<(String, String)> = (first..files.min(first + FILES_PER_COMMIT))
            .map(|index| (format!("data/{:03}/{index:07}.txt", index % FOLDERS), format!("{index}\n")))
            .collect();
        let changes: Vec<Change<'_>> =
            added.iter().map(|(path, content)| Change::File { path, content: content.as_bytes() }).collect();
        let watch = Stopwatch::start();
        hub.commit(repo, &format!("Add files from {first}"), &changes)?;
        slowest = slowest.max(watch.seconds());
    }
    Ok(slowest)
}

/// Follows the pages from the first to the last, again and again until there are enough samples.
/// Returns the seconds of each page, and how many files one pass listed.
fn list(hub: &Hub, repo: &str, query: &str) -> anyhow::Result<(Vec<f64>, u64)> {
    let first = format!("/api/models/{repo}/tree/main?{query}");
    let mut seconds = Vec::new();
    let mut listed = 0;
    while seconds.len() < PAGES {
        listed = 0;
        let mut next = Some(first.clone());
        while let Some(page) = next {
            let watch = Stopwatch::start();
            let (body, following) = hub.page(&page)?;
            seconds.push(watch.seconds());
            let entries: serde_json::Value = serde_json::from_slice(&body)?;
            let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
            listed += entries.iter().filter(|entry| entry["type"] == "file").count() as u64;
            next = following;
        }
    }
    Ok((seconds, listed))
}
