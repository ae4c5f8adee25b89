//! What the stores hold, whether it is whole, and what can go.

use std::process::ExitCode;

use anyhow::Context as _;
use hub_blob::ObjectKey;
use hub_cas::{CasConfig, StoreFigures};
use hub_core::Timestamp;

use super::{say, size, table};
use crate::config::Config;
use crate::hub::Hub;

/// How many of the largest repositories are listed.
const LARGEST: usize = 20;

pub(super) async fn storage(hub: &Hub) -> anyhow::Result<()> {
    let report = hub.repos.storage_report().await?;
    say(format!("{} repositories, {} if nothing were shared", report.repos, size(report.logical_bytes)))?;
    say(format!("{} git objects in {} of rows", report.objects, size(report.row_bytes)))?;
    say(format!("{} large contents in {}", report.contents, size(report.content_bytes)))?;
    say(format!("the database in all {}\n", size(report.database_bytes)))?;
    chunks(&hub.cas.figures().await?)?;
    let largest = hub.repos.storage_by_repo(0, LARGEST).await?;
    let mut rows = Vec::new();
    for repo in largest {
        let chunks = repo.chunks;
        let sizes = [repo.logical_bytes, repo.content_bytes, repo.shared_bytes, repo.row_bytes];
        let in_chunks = [chunks.file_bytes, chunks.content_bytes, chunks.stored_bytes, chunks.own_bytes];
        let cells = sizes.into_iter().chain(in_chunks).map(size);
        rows.push(std::iter::once(repo.addr.to_string()).chain(cells).collect());
    }
    table(
        &[
            "LARGEST REPOSITORIES",
            "ALL",
            "LARGE FILES",
            "OF THAT SHARED",
            "ROWS",
            "IN CHUNKS",
            "WITHOUT REPEATS",
            "STORED",
            "ONLY HERE",
        ],
        &rows,
    )
}

/// What lies in chunks: what it is, what is left when nothing is kept twice, and what that takes when compressed.
fn chunks(figures: &StoreFigures) -> anyhow::Result<()> {
    let StoreFigures { files, file_bytes, content_bytes, stored_bytes, unused_bytes, .. } = *figures;
    say(format!("{files} files in chunks with {}", size(file_bytes)))?;
    say(format!("  without repeats {} ({} saved)", size(content_bytes), share(file_bytes, content_bytes)))?;
    say(format!(
        "  stored in {} xorbs with {} ({} saved by compression)",
        figures.xorbs,
        size(stored_bytes),
        share(content_bytes, stored_bytes)
    ))?;
    say(format!("  of that {} that no file uses and clients may remember", size(unused_bytes)))?;
    say(format!(
        "  besides {} in {} xorbs that are about to be removed\n",
        size(figures.condemned_bytes),
        figures.condemned
    ))
}

/// Why an object of the blob store is kept, and until when if nobody holds it.
pub(super) async fn why(hub: &Hub, config: &Config, object: &str) -> anyhow::Result<()> {
    let key: ObjectKey = object.parse().context("no object has such a name: they begin with xorbs/ or large/")?;
    let reasons = hub.repos.object_reasons(&key).await?;
    say(match reasons.bytes {
        Some(bytes) => format!("{key} takes {}", size(bytes)),
        None => format!("{key} is not in the blob store"),
    })?;
    let after = |at: Timestamp, secs: u64| at.plus_millis(i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1000));
    let store = &config.xet.store;
    if !reasons.is_named && reasons.retired.is_none() {
        say("no row names it: an upload is under way or was given up; it goes when it is a day old")?;
    }
    if let Some(at) = reasons.retired {
        say(format!("a whole copy of what lies in chunks, let go at {at}; it goes a day later"))?;
    }
    if let Some(at) = reasons.condemned {
        say(format!(
            "condemned at {at}; it goes at {}, unless a client refers to it",
            after(at, store.quarantine_secs)
        ))?;
    } else if let Some(at) = reasons.mentioned.filter(|_| reasons.files == 0) {
        say(format!("no file uses it; clients may remember it until {}", after(at, store.retention_secs)))?;
    }
    if reasons.files > 0 {
        say(format!("{} files are made of it", reasons.files))?;
    }
    for holder in &reasons.holders {
        say(format!("held by {holder}"))?;
    }
    if reasons.holders.is_empty() && (reasons.files > 0 || (reasons.is_named && reasons.mentioned.is_none())) {
        say("no repository holds it: the collector takes it when its grace period is over")?;
    }
    Ok(())
}

/// How much of `all` is not in `left`.
fn share(all: u64, left: u64) -> String {
    if all == 0 {
        return "0 %".to_owned();
    }
    format!("{:.1} %", 100.0 * (all.saturating_sub(left)) as f64 / all as f64)
}

/// Collects what nobody needs. With `forgotten`, the chunk store does not wait for what clients may remember of it.
pub(super) async fn gc(hub: &Hub, config: &Config, grace_secs: u64, forgotten: bool) -> anyhow::Result<()> {
    let report = hub.repos.collect_garbage(grace_secs).await?;
    say(format!(
        "Removed {} git objects, {} large contents ({}), {} whole copies of what lies in chunks, {} holdings, {} uploads \
         that were given up, {} stray keys.",
        report.objects,
        report.contents,
        size(report.content_bytes),
        report.retired_copies,
        report.holdings,
        report.uploads,
        report.stray_keys
    ))?;
    let mut times = CasConfig { grace_secs, ..config.xet.store.clone() };
    if forgotten {
        (times.retention_secs, times.quarantine_secs) = (0, 0);
    }
    let cas = hub.cas_with(times);
    let mut report = cas.collect(&hub.repos).await?;
    if forgotten {
        // What the first run condemned goes with the second.
        let second = cas.collect(&hub.repos).await?;
        report.xorbs += second.xorbs;
        report.freed_bytes += second.freed_bytes;
    }
    say(format!(
        "Of chunks: removed {} files, {} xorbs ({}), {} stray keys; condemned {} xorbs.",
        report.files,
        report.xorbs,
        size(report.freed_bytes),
        report.stray_keys,
        report.condemned
    ))
}

/// Status 1 if something is damaged, so that scripts notice.
pub(super) async fn check(hub: &Hub, deep: bool) -> anyhow::Result<ExitCode> {
    let report = hub.repos.check(deep).await?;
    let read = if deep { "read" } else { "found" };
    say(format!(
        "Looked at {} repositories, {} references, {} objects; {read} {} large contents.",
        report.repos, report.refs, report.objects, report.contents
    ))?;
    for damage in &report.damages {
        say(format!("DAMAGED {}: {}", damage.repo, damage.what))?;
    }
    let chunks = hub.cas.check(deep).await?;
    say(format!("{read} {} xorbs and {} files in chunks.", chunks.xorbs, chunks.files))?;
    for damage in &chunks.damages {
        say(format!("DAMAGED in chunks: {}", damage.what))?;
    }
    if report.damages.is_empty() && chunks.damages.is_empty() {
        say("Everything is whole.")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
