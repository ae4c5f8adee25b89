//! What the stores hold, whether it is whole, and what can go.

use std::process::ExitCode;

use super::{say, size, table};
use crate::hub::Hub;

/// How many of the largest repositories are listed.
const LARGEST: usize = 20;

pub(super) async fn storage(hub: &Hub) -> anyhow::Result<()> {
    let report = hub.repos.storage_report().await?;
    say(format!("{} repositories, {} if nothing were shared", report.repos, size(report.logical_bytes)))?;
    say(format!("{} git objects in {} of rows", report.objects, size(report.row_bytes)))?;
    say(format!("{} large contents in {}", report.contents, size(report.content_bytes)))?;
    say(format!("the database in all {}\n", size(report.database_bytes)))?;
    let largest = hub.repos.storage_by_repo(0, LARGEST).await?;
    let row = |repo: hub_repo::RepoStorage| {
        let sizes = [repo.logical_bytes, repo.content_bytes, repo.shared_bytes, repo.row_bytes].map(size);
        std::iter::once(repo.addr.to_string()).chain(sizes).collect::<Vec<_>>()
    };
    table(
        &["LARGEST REPOSITORIES", "ALL", "LARGE FILES", "OF THAT SHARED", "ROWS"],
        &largest.into_iter().map(row).collect::<Vec<_>>(),
    )
}

pub(super) async fn gc(hub: &Hub, grace_secs: u64) -> anyhow::Result<()> {
    let report = hub.repos.collect_garbage(grace_secs).await?;
    say(format!(
        "Removed {} git objects, {} large contents ({}), {} holdings, {} uploads that were given up, {} stray keys.",
        report.objects,
        report.contents,
        size(report.content_bytes),
        report.holdings,
        report.uploads,
        report.stray_keys
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
    if report.damages.is_empty() {
        say("Everything is whole.")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
