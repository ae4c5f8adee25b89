//! How a file is put together: which chunks of which xorbs, and where they are fetched.
//!
//! Knowing the hash of a file is no right to it: the repository of the token must hold it. What it does not hold is
//! missing, whoever else has it; 404 and not 416, which clients take for the end of the file.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use hub_cas::{Cas, Link, Reconstruction};
use hub_core::{Code, XetHash};
use hub_formats::xet::edit::EditView;
use hub_formats::xet::reconstruction::{
    LinkedFetch, Plan, ReconstructionBatchView, ReconstructionV1View, ReconstructionV2View, WHOLE,
};
use hub_http::{AccessClass, ApiError, ApiRouter, JsonBody, Path, Query, get, head, post};
use hub_repo::{Repos, XetGrant};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::failure::Answer;
use crate::xet::access::Reader;
use crate::xet::{BASE, CasUrl, fetch};

pub(super) fn routes() -> ApiRouter<ApiState> {
    let route = |version: &str| {
        get(format!("{BASE}/{version}/reconstructions/{{file}}"))
            .access(AccessClass::Read)
            .tag("xet")
            .summary("Tells of which chunks a range of a file is made and where they are fetched")
            .answer_bytes("application/json")
    };
    ApiRouter::new()
        .route(route("v1").to(reconstruction_v1))
        .route(route("v2").to(reconstruction_v2))
        .route(
            head(format!("{BASE}/v1/files/{{file}}"))
                .access(AccessClass::Read)
                .tag("xet")
                .summary("Tells the size of a file")
                .to(file_size),
        )
        .route(
            get(format!("{BASE}/v1/reconstructions"))
                .access(AccessClass::Read)
                .tag("xet")
                .id("reconstruct_files_by_query")
                .summary("Tells of which chunks several files are made and where they are fetched")
                .query::<FilesQuery>()
                .answer_bytes("application/json")
                .to(reconstruct_queried),
        )
        .route(
            post(format!("{BASE}/v1/reconstructions"))
                .access(AccessClass::Read)
                .tag("xet")
                .id("reconstruct_files")
                .summary("Tells of which chunks several files are made and where they are fetched")
                .body::<Vec<String>>()
                .answer_bytes("application/json")
                .to(reconstruct_listed),
        )
        .route(
            get(format!("{BASE}/v2/file-chunk-hashes/{{file}}"))
                .access(AccessClass::Read)
                .tag("xet")
                .summary("Tells what a client must know of a file to change parts of it without having the rest")
                .answer_bytes("application/json")
                .to(plan_edit),
        )
}

/// A file of the chunk store.
#[derive(Deserialize)]
struct FilePath {
    file: XetHash,
}

/// A plan with an address for everything that is fetched.
struct Linked {
    plan: Plan,
    links: Vec<LinkedFetch>,
}

impl Linked {
    async fn of(
        ApiState { cas, repos, xet_figures, .. }: &ApiState,
        grant: &XetGrant,
        file: XetHash,
        headers: &HeaderMap,
        cas_url: &CasUrl,
    ) -> Answer<Self> {
        repos.check_xet_file(grant, file).await?;
        let found = cas.plan(&file, wanted(headers)?.unwrap_or(WHOLE)).await?;
        xet_figures.reconstructions.add(1);
        Ok(Self::new(found, cas_url))
    }

    fn new(Reconstruction { plan, fetches }: Reconstruction, cas_url: &CasUrl) -> Self {
        let links = fetches.into_iter().map(|planned| LinkedFetch {
            fetch: planned.fetch,
            url: match planned.link {
                Link::Direct(url) => url,
                Link::Ticket(ticket) => fetch::link(cas_url, &ticket),
            },
        });
        Self { plan, links: links.collect() }
    }
}

/// `GET /xet/{epoch}/v1/reconstructions/{file}`
async fn reconstruction_v1(
    State(state): State<ApiState>,
    Reader(grant): Reader,
    Path(path): Path<FilePath>,
    cas_url: CasUrl,
    headers: HeaderMap,
) -> Answer<Json<ReconstructionV1View>> {
    let Linked { plan, links } = Linked::of(&state, &grant, path.file, &headers, &cas_url).await?;
    Ok(Json(ReconstructionV1View::new(&plan, links)))
}

/// `GET /xet/{epoch}/v2/reconstructions/{file}`
async fn reconstruction_v2(
    State(state): State<ApiState>,
    Reader(grant): Reader,
    Path(path): Path<FilePath>,
    cas_url: CasUrl,
    headers: HeaderMap,
) -> Answer<Json<ReconstructionV2View>> {
    let Linked { plan, links } = Linked::of(&state, &grant, path.file, &headers, &cas_url).await?;
    Ok(Json(ReconstructionV2View::new(&plan, links)))
}

/// Files that are asked for at once.
#[derive(Deserialize, JsonSchema)]
struct FilesQuery {
    /// Their hashes.
    #[serde(default)]
    file_id: Vec<String>,
}

/// The most files of one request.
const FILES_MAX: usize = 1000;

/// `GET /xet/{epoch}/v1/reconstructions?file_id=…&file_id=…`, as clients ask.
async fn reconstruct_queried(
    State(state): State<ApiState>,
    Reader(grant): Reader,
    Query(query): Query<FilesQuery>,
    cas_url: CasUrl,
) -> Answer<Json<ReconstructionBatchView>> {
    batch(&state, &grant, query.file_id, &cas_url).await
}

/// `POST /xet/{epoch}/v1/reconstructions`, as the specification asks.
async fn reconstruct_listed(
    State(state): State<ApiState>,
    Reader(grant): Reader,
    cas_url: CasUrl,
    JsonBody(files): JsonBody<Vec<String>>,
) -> Answer<Json<ReconstructionBatchView>> {
    batch(&state, &grant, files, &cas_url).await
}

async fn batch(
    ApiState { cas, repos, xet_figures, .. }: &ApiState,
    grant: &XetGrant,
    files: Vec<String>,
    cas_url: &CasUrl,
) -> Answer<Json<ReconstructionBatchView>> {
    let hash =
        |text: &String| text.parse().map_err(|_| ApiError::bad_request(format!("{text:?} is no hash of a file")));
    if files.len() > FILES_MAX {
        return Err(ApiError::bad_request(format!("at most {FILES_MAX} files are told of at once")).into());
    }
    let mut files: Vec<XetHash> = files.iter().map(hash).collect::<Result<_, _>>()?;
    files.sort_unstable();
    files.dedup();
    for file in &files {
        repos.check_xet_file(grant, *file).await?;
    }
    let (counts, found) = cas.plan_files(&files).await?;
    xet_figures.reconstructions.add(files.len() as u64);
    let Linked { plan, links } = Linked::new(found, cas_url);
    Ok(Json(ReconstructionBatchView::new(files.into_iter().zip(counts), &plan, links)))
}

/// `GET /xet/{epoch}/v2/file-chunk-hashes/{file}`
async fn plan_edit(
    State(cas): State<Cas>,
    State(repos): State<Repos>,
    Reader(grant): Reader,
    Path(path): Path<FilePath>,
    headers: HeaderMap,
) -> Answer<Json<EditView>> {
    let ranges = dirty(&headers)?;
    repos.check_xet_file(&grant, path.file).await?;
    Ok(Json(cas.plan_edit(&path.file, ranges).await?))
}

const X_RANGE_DIRTY: HeaderName = HeaderName::from_static("x-range-dirty");

/// The bytes that a client is about to change: `bytes=FIRST-LAST,FIRST-LAST`.
fn dirty(headers: &HeaderMap) -> Result<Vec<RangeInclusive<u64>>, ApiError> {
    let value = headers.get(X_RANGE_DIRTY).and_then(|value| value.to_str().ok());
    let ranges = value.and_then(|text| text.trim().strip_prefix("bytes=")).and_then(|ranges| {
        let range =
            |text: &str| text.trim().split_once('-').and_then(|(first, last)| Some(number(first)?..=number(last)?));
        ranges.split(',').map(range).collect::<Option<Vec<_>>>()
    });
    let ranges = ranges.filter(|ranges| ranges.iter().all(|range| range.start() <= range.end()));
    ranges.ok_or_else(|| ApiError::bad_request("the X-Range-Dirty header must be bytes=FIRST-LAST,FIRST-LAST"))
}

/// `HEAD /xet/{epoch}/v1/files/{file}`
async fn file_size(
    State(cas): State<Cas>,
    State(repos): State<Repos>,
    Reader(grant): Reader,
    Path(path): Path<FilePath>,
) -> Answer<Response> {
    repos.check_xet_file(&grant, path.file).await?;
    let missing = || ApiError::new(Code::NotFound, format!("there is no file {}", path.file));
    let info = cas.file(&path.file).await?.ok_or_else(missing)?;
    Ok([(header::CONTENT_LENGTH, info.size_bytes)].into_response())
}

/// The bytes that a request wants, by a `Range` of one range: `bytes=FIRST-LAST` or `bytes=FIRST-`.
///
/// # Errors
/// Anything else in that header is refused: an answer about other bytes would be taken for one about these.
pub(super) fn wanted(headers: &HeaderMap) -> Result<Option<RangeInclusive<u64>>, ApiError> {
    let Some(value) = headers.get(header::RANGE) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(|text| {
        let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
        let last = if last.is_empty() { u64::MAX } else { number(last)? };
        Some(number(first)?..=last)
    });
    let range = parsed.ok_or_else(|| ApiError::bad_request("the Range header must be bytes=FIRST-LAST"))?;
    if range.end() < range.start() {
        return Err(ApiError::bad_request("the range ends before it begins"));
    }
    Ok(Some(range))
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_nothing_else() {
        let check = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, text.parse().unwrap());
            wanted(&headers).map_err(|error| error.code())
        };
        assert_eq!(wanted(&HeaderMap::new()).unwrap(), None);
        assert_eq!(check("bytes=0-0"), Ok(Some(0..=0)));
        assert_eq!(check("bytes=7-"), Ok(Some(7..=u64::MAX)));
        for text in ["bytes=5-4", "bytes=-5", "bytes=1-2,4-5", "bytes=a-b", "items=1-2", "bytes=+1-2", ""] {
            assert_eq!(check(text), Err(Code::BadRequest), "{text}");
        }
    }
}
