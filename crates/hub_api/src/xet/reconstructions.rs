//! How a file is put together: which chunks of which xorbs, and where they are fetched.
//!
//! Knowing the hash of a file is no right to it: the repository of the token must hold it. What it does not hold is
//! missing, whoever else has it; 404 and not 416, which clients take for the end of the file.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use hub_cas::{Cas, Link, Reconstruction};
use hub_core::{Code, XetHash};
use hub_formats::xet::reconstruction::{LinkedFetch, Plan, ReconstructionV1View, ReconstructionV2View, WHOLE};
use hub_http::{AccessClass, ApiError, ApiRouter, Path, get, head};
use hub_repo::{Repos, XetGrant};
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
    ApiRouter::new().route(route("v1").to(reconstruction_v1)).route(route("v2").to(reconstruction_v2)).route(
        head(format!("{BASE}/v1/files/{{file}}"))
            .access(AccessClass::Read)
            .tag("xet")
            .summary("Tells the size of a file")
            .to(file_size),
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
        let Reconstruction { plan, fetches } = cas.plan(&file, wanted(headers)?.unwrap_or(WHOLE)).await?;
        xet_figures.reconstructions.add(1);
        let links = fetches.into_iter().map(|planned| LinkedFetch {
            fetch: planned.fetch,
            url: match planned.link {
                Link::Direct(url) => url,
                Link::Ticket(ticket) => fetch::link(cas_url, &ticket),
            },
        });
        Ok(Self { plan, links: links.collect() })
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
