//! The two forms in which clients read a plan. The newer one has one link for several ranges of a xorb.

use std::collections::BTreeMap;

use hub_core::XetHash;
use serde::Serialize;

use super::super::shard::Term;
use super::super::xorb::ChunkRange;
use super::{ByteRange, Fetch, FetchRange, Plan};

/// A fetch with the address that serves its ranges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkedFetch {
    /// What is fetched.
    pub fetch: Fetch,
    /// Where from. It must serve each of the ranges alone, too.
    pub url: String,
}

#[derive(Serialize, Debug)]
struct TermView {
    hash: XetHash,
    unpacked_length: u32,
    range: ChunkRange,
}

fn terms(plan: &Plan) -> Vec<TermView> {
    let view = |term: &Term| TermView { hash: term.xorb, unpacked_length: term.raw_bytes, range: term.chunks };
    plan.terms.iter().map(view).collect()
}

/// The answer of `GET /v1/reconstructions/{file}`.
#[derive(Serialize, Debug)]
pub struct ReconstructionV1View {
    offset_into_first_range: u64,
    terms: Vec<TermView>,
    fetch_info: BTreeMap<XetHash, Vec<FetchInfoView>>,
}

#[derive(Serialize, Debug)]
struct FetchInfoView {
    range: ChunkRange,
    url: String,
    url_range: ByteRange,
}

impl ReconstructionV1View {
    /// Puts links to the plan; they cover all that [`Plan::fetches`] lists.
    pub fn new(plan: &Plan, links: impl IntoIterator<Item = LinkedFetch>) -> Self {
        Self { offset_into_first_range: plan.offset_bytes, terms: terms(plan), fetch_info: fetch_info(links) }
    }
}

fn fetch_info(links: impl IntoIterator<Item = LinkedFetch>) -> BTreeMap<XetHash, Vec<FetchInfoView>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for LinkedFetch { fetch, url } in links {
        let infos = found.entry(fetch.xorb).or_default();
        infos.extend(fetch.ranges.into_iter().map(|FetchRange { chunks, bytes }| FetchInfoView {
            range: chunks,
            url: url.clone(),
            url_range: bytes,
        }));
    }
    found
}

/// The answer for several files at once, in the first form: what is fetched is told once for all of them.
#[derive(Serialize, Debug)]
pub struct ReconstructionBatchView {
    files: BTreeMap<XetHash, Vec<TermView>>,
    fetch_info: BTreeMap<XetHash, Vec<FetchInfoView>>,
}

impl ReconstructionBatchView {
    /// Gives each file its terms of a plan that has those of all: so many for each, in their order.
    pub fn new(
        files: impl IntoIterator<Item = (XetHash, usize)>,
        plan: &Plan,
        links: impl IntoIterator<Item = LinkedFetch>,
    ) -> Self {
        let mut all = terms(plan).into_iter();
        let files = files.into_iter().map(|(file, count)| (file, all.by_ref().take(count).collect())).collect();
        Self { files, fetch_info: fetch_info(links) }
    }
}

/// The answer of `GET /v2/reconstructions/{file}`.
#[derive(Serialize, Debug)]
pub struct ReconstructionV2View {
    offset_into_first_range: u64,
    terms: Vec<TermView>,
    xorbs: BTreeMap<XetHash, Vec<FetchView>>,
}

#[derive(Serialize, Debug)]
struct FetchView {
    url: String,
    ranges: Vec<FetchRange>,
}

impl ReconstructionV2View {
    /// Puts links to the plan; they cover all that [`Plan::fetches`] lists.
    pub fn new(plan: &Plan, links: impl IntoIterator<Item = LinkedFetch>) -> Self {
        let mut xorbs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for LinkedFetch { fetch, url } in links {
            xorbs.entry(fetch.xorb).or_default().push(FetchView { url, ranges: fetch.ranges });
        }
        Self { offset_into_first_range: plan.offset_bytes, terms: terms(plan), xorbs }
    }
}
