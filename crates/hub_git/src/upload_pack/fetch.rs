//! `fetch` of version 2: acknowledgments until enough is known, then the boundary of a shallow history, then the pack.

use hub_core::Oid;
use hub_formats::git::pkt_line::{SideBand, push_data, push_delimiter, push_flush, push_line};
use hub_repo::{Boundary, Fetch, Repo};

use super::arguments::Arguments;
use super::command::shown;
use super::send::{PackOptions, send};
use crate::error::GitError;
use crate::protocol::{Reply, whole};

pub(super) async fn answer(repo: &Repo, lines: &[&str]) -> Result<Reply, GitError> {
    let mut arguments = Arguments::default();
    let mut done = false;
    let mut wait_for_done = false;
    let mut offset_deltas = false;
    for line in lines {
        if arguments.take(line)? {
            continue;
        }
        match *line {
            "done" => done = true,
            "wait-for-done" => wait_for_done = true,
            "include-tag" => arguments.with_tags = true,
            "no-progress" => arguments.no_progress = true,
            "deepen-relative" => arguments.is_relative = true,
            "ofs-delta" => offset_deltas = true,
            // Packs here stand alone, which every client takes.
            "thin-pack" => {}
            other => return Err(GitError::protocol(format!("unexpected line: '{}'", shown(other)))),
        }
    }
    if arguments.wants.is_empty() && !wait_for_done {
        return Ok(whole(Vec::new()));
    }
    let mut fetch = repo.begin_fetch()?;
    let haves = std::mem::take(&mut arguments.haves);
    let boundary = arguments.begin(&mut fetch).await?;
    let mut out = Vec::new();
    if !haves.is_empty() {
        let common = fetch.have(&haves).await?;
        if !done && !acknowledge(&mut out, &mut fetch, &common, wait_for_done).await? {
            push_flush(&mut out);
            return Ok(whole(out));
        }
    }
    if !fetch.wants_anything() {
        return Ok(whole(out));
    }
    if let Some(boundary) = boundary {
        push_line(&mut out, "shallow-info");
        push_boundary(&mut out, &boundary);
        push_delimiter(&mut out);
    }
    push_line(&mut out, "packfile");
    let options = PackOptions { band: Some(SideBand::Wide), offset_deltas, progress: !arguments.no_progress };
    let walk = fetch.enumerate(arguments.filter, arguments.with_tags).await?;
    Ok(send(repo.clone(), walk, options, out))
}

/// Says which objects are common, and whether that is enough; then the next section begins.
async fn acknowledge(
    out: &mut Vec<u8>,
    fetch: &mut Fetch,
    common: &[Oid],
    wait_for_done: bool,
) -> Result<bool, GitError> {
    push_line(out, "acknowledgments");
    if common.is_empty() {
        push_line(out, "NAK");
    }
    for oid in common {
        push_line(out, &format!("ACK {oid}"));
    }
    if wait_for_done || !fetch.is_ready().await? {
        return Ok(false);
    }
    push_line(out, "ready");
    push_delimiter(out);
    Ok(true)
}

/// The lines that tell a boundary, the same in every version. They have no line break: libgit2 takes none.
pub(super) fn push_boundary(out: &mut Vec<u8>, boundary: &Boundary) {
    for oid in &boundary.shallow {
        push_data(out, format!("shallow {oid}").as_bytes());
    }
    for oid in &boundary.unshallow {
        push_data(out, format!("unshallow {oid}").as_bytes());
    }
}
