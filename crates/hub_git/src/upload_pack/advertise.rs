//! The beginning of a conversation: under version 2 what the server can do, before that all references too.

use std::collections::VecDeque;

use futures::stream::{self, StreamExt};
use hub_core::{Oid, RefName};
use hub_formats::git::pkt_line::{push_data, push_flush, push_line};
use hub_repo::{GitRef, Repo};

use super::Transport;
use crate::error::GitError;
use crate::protocol::{AGENT, Reply, Version, whole};

/// How many references are read at a time.
const PAGE: usize = 2_000;

/// The references of a repository, page by page.
pub(super) struct RefPages {
    repo: Repo,
    after: Option<String>,
}

impl RefPages {
    pub(super) fn new(repo: &Repo) -> Self {
        Self { repo: repo.clone(), after: Some(String::new()) }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<GitRef>>, GitError> {
        let Some(after) = self.after.take() else { return Ok(None) };
        let (page, next) = self.repo.git_refs(&after, PAGE).await?;
        self.after = next;
        Ok(Some(page))
    }
}

/// What a server says first.
pub(crate) async fn advertise(repo: &Repo, version: Version, transport: Transport) -> Result<Reply, GitError> {
    if version == Version::V2 {
        return Ok(whole(capabilities()));
    }
    let mut first = Vec::new();
    if version == Version::V1 {
        push_line(&mut first, "version 1");
    }
    let head = repo.git_ref(&RefName::main()).await?;
    let mut pages = RefPages::new(repo);
    let page: VecDeque<GitRef> = pages.next().await?.unwrap_or_default().into();
    let words = legacy_capabilities(transport, head.is_some());
    let mut lines = References { first, words: Some(words) };
    if let Some(oid) = head {
        lines.push(oid, "HEAD");
    }
    let state = (lines, Some(page), pages);
    let reply = stream::try_unfold(state, |(mut lines, page, mut pages)| async move {
        let Some(page) = page else { return Ok(None) };
        for shown in page {
            lines.push(shown.oid, &shown.name);
            if let Some(peeled) = shown.peeled {
                lines.push(peeled, &format!("{}^{{}}", shown.name));
            }
        }
        let next = pages.next().await?.map(VecDeque::from);
        if next.is_none() {
            lines.end();
        }
        let bytes = std::mem::take(&mut lines.first);
        Ok(Some((bytes.into(), (lines, next, pages))))
    });
    Ok(reply.boxed())
}

/// What version 2 offers.
fn capabilities() -> Vec<u8> {
    let mut out = Vec::new();
    push_line(&mut out, "version 2");
    push_line(&mut out, AGENT);
    for line in ["ls-refs=unborn", "fetch=shallow wait-for-done filter", "server-option", "object-format=sha1"] {
        push_line(&mut out, line);
    }
    push_flush(&mut out);
    out
}

/// What versions 0 and 1 offer, in the line of the first reference.
fn legacy_capabilities(transport: Transport, has_head: bool) -> String {
    let mut words = vec![
        "multi_ack multi_ack_detailed thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not",
        "deepen-relative no-progress include-tag allow-tip-sha1-in-want allow-reachable-sha1-in-want filter",
    ];
    match transport {
        Transport::Http => words.push("no-done"),
        Transport::Ssh => {}
    }
    if has_head {
        words.push("symref=HEAD:refs/heads/main");
    }
    words.push("object-format=sha1");
    words.push(AGENT);
    words.join(" ")
}

/// Lines of references, the first of which carries the capabilities.
struct References {
    first: Vec<u8>,
    words: Option<String>,
}

impl References {
    fn push(&mut self, oid: Oid, name: &str) {
        match self.words.take() {
            Some(words) => push_data(&mut self.first, format!("{oid} {name}\0{words}\n").as_bytes()),
            None => push_line(&mut self.first, &format!("{oid} {name}")),
        }
    }

    fn end(&mut self) {
        if self.words.is_some() {
            self.push(Oid::ZERO, "capabilities^{}");
        }
        push_flush(&mut self.first);
    }
}
