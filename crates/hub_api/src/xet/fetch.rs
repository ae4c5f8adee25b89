//! Parts of xorbs on their way out, where the store gives no links of its own.
//!
//! The address carries a ticket for one range. A client whose ticket has expired is told 403, and asks for the file again.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use hub_cas::Cas;
use hub_http::{AccessClass, ApiRouter, Query, get};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ApiState;
use crate::failure::Answer;
use crate::xet::reconstructions::wanted;
use crate::xet::{BASE, CasUrl, XetFigures};

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get(format!("{BASE}/fetch"))
            .access(AccessClass::Signed)
            .tag("xet")
            .summary("Gives a part of a xorb")
            .query::<FetchQuery>()
            .answer_bytes("application/octet-stream")
            .to(fetch),
    )
}

/// The permission to fetch a range.
#[derive(Deserialize, JsonSchema)]
struct FetchQuery {
    ticket: String,
}

/// Where a ticket is taken.
pub(super) fn link(cas_url: &CasUrl, ticket: &str) -> String {
    cas_url.join(&format!("/fetch?ticket={ticket}"))
}

/// `GET /xet/{epoch}/fetch`
async fn fetch(
    State(cas): State<Cas>,
    State(figures): State<XetFigures>,
    Query(query): Query<FetchQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    let ticket = cas.open_ticket(&query.ticket).await?;
    let part = match wanted(&headers)? {
        Some(range) => *range.start()..range.end().saturating_add(1),
        None => ticket.range.clone(),
    };
    let stream = cas.fetch(&ticket, part.clone()).await?;
    let sent = figures.sent_bytes;
    let stream = stream.inspect_ok(move |slice| sent.add(slice.len() as u64));
    let mut response = (StatusCode::PARTIAL_CONTENT, Body::from_stream(stream)).into_response();
    let headers = response.headers_mut();
    let range = format!("bytes {}-{}/*", part.start, part.end.saturating_sub(1));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&range).map_err(hub_http::ApiError::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    Ok(response)
}
