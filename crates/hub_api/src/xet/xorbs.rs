//! Xorbs on their way in.
//!
//! A client first asks for a grant to send a xorb to the store itself. The answer is "it is here already", which saves the
//! upload; a link of an S3-compatible store; or 404, by which the client learns to send the xorb to Hearth. Any other refusal
//! would end its upload.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt};
use hub_cas::{Cas, XorbGrant};
use hub_core::{Code, XetHash};
use hub_http::{AccessClass, ApiError, ApiRouter, BodyStream, JsonBody, Path, head, post};
use hub_repo::{BlobError, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::failure::Answer;
use crate::xet::access::Writer;
use crate::xet::{BASE, XetFigures};

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            post(format!("{BASE}/v1/xorb-grants/{{prefix}}/{{hash}}"))
                .access(AccessClass::Write)
                .tag("xet")
                .summary(
                    "Says where a xorb shall be sent, or that it is here already; 404 means that it shall be sent here",
                )
                .body::<GrantBody>()
                .answer::<GrantView>()
                .to(grant_xorb),
        )
        .route(
            post(format!("{BASE}/v1/xorb-commits/{{prefix}}/{{hash}}/grant/{{id}}"))
                .access(AccessClass::Write)
                .tag("xet")
                .summary("Checks a xorb that was sent to the store itself, and makes it visible")
                .answer::<ReceivedView>()
                .to(commit_xorb),
        )
        .route(
            post(format!("{BASE}/v1/xorbs/{{prefix}}/{{hash}}"))
                .access(AccessClass::Write)
                .tag("xet")
                .summary("Receives a xorb")
                .body_bytes("application/octet-stream")
                .answer::<ReceivedView>()
                .to(receive_xorb),
        )
        .route(
            head(format!("{BASE}/v1/xorbs/{{prefix}}/{{hash}}"))
                .access(AccessClass::Write)
                .tag("xet")
                .summary("Tells the length of a xorb that is here")
                .to(xorb_size),
        )
        .route(
            post(format!("{BASE}/v1/telemetry"))
                .access(AccessClass::Public)
                .tag("xet")
                .summary("Takes a client's report of a transfer, and does nothing with it")
                .to(telemetry),
        )
}

/// Which of the address spaces of hashes; there is one, under the two names that clients use.
#[derive(Deserialize)]
pub(super) enum Prefix {
    #[serde(rename = "default")]
    Default,
    #[serde(rename = "default-merkledb")]
    Merkledb,
}

/// A hash with what stands before it in an address.
#[derive(Deserialize)]
pub(super) struct HashPath {
    #[serde(rename = "prefix")]
    _prefix: Prefix,
    pub(super) hash: XetHash,
}

/// A hash with the grant by which it came.
#[derive(Deserialize)]
struct CommitPath {
    #[serde(rename = "prefix")]
    _prefix: Prefix,
    hash: XetHash,
    id: String,
}

/// What became of a xorb.
#[derive(Serialize, JsonSchema)]
struct ReceivedView {
    /// Whether it was not here before.
    was_inserted: bool,
}

/// What a client wants to send. It also tells a checksum, which the check of all chunks makes needless.
#[derive(Deserialize, JsonSchema)]
struct GrantBody {
    #[serde(default)]
    length: u64,
}

/// Where a xorb is to be sent.
#[derive(Serialize, JsonSchema)]
struct GrantView {
    /// What the commit names.
    id: String,
    method: &'static str,
    url: String,
    /// What the request must carry beside the length.
    headers: BTreeMap<String, String>,
}

/// `POST /xet/{epoch}/v1/xorb-grants/{prefix}/{hash}`
async fn grant_xorb(
    State(cas): State<Cas>,
    State(repos): State<Repos>,
    Writer(grant): Writer,
    Path(path): Path<HashPath>,
    JsonBody(body): JsonBody<GrantBody>,
) -> Answer<Response> {
    repos.check_xet_room(&grant).await?;
    match cas.grant_xorb(&path.hash, body.length).await? {
        XorbGrant::Present => Ok(StatusCode::OK.into_response()),
        XorbGrant::Link { id, url } => {
            let view = GrantView { id, method: "PUT", url, headers: BTreeMap::new() };
            Ok((StatusCode::CREATED, Json(view)).into_response())
        }
        XorbGrant::NotOffered => Err(not_here()),
    }
}

/// `POST /xet/{epoch}/v1/xorb-commits/{prefix}/{hash}/grant/{id}`
async fn commit_xorb(
    State(cas): State<Cas>,
    State(repos): State<Repos>,
    Writer(grant): Writer,
    State(figures): State<XetFigures>,
    Path(path): Path<CommitPath>,
) -> Answer<Json<ReceivedView>> {
    repos.check_xet_room(&grant).await?;
    let was_inserted = cas.commit_grant(&path.hash, &path.id).await?.is_inserted();
    if was_inserted {
        figures.received_bytes.add(cas.xorb_size(&path.hash).await?.unwrap_or(0));
    }
    figures.xorbs.add(was_inserted.into());
    figures.granted.add(was_inserted.into());
    Ok(Json(ReceivedView { was_inserted }))
}

/// `POST /xet/{epoch}/v1/xorbs/{prefix}/{hash}`
async fn receive_xorb(
    State(cas): State<Cas>,
    State(repos): State<Repos>,
    Writer(grant): Writer,
    State(figures): State<XetFigures>,
    Path(path): Path<HashPath>,
    body: BodyStream,
) -> Answer<Json<ReceivedView>> {
    repos.check_xet_room(&grant).await?;
    let received = figures.received_bytes.clone();
    let body = body.inspect_ok(move |slice| received.add(slice.len() as u64));
    let body = body.map_err(|error| BlobError::body(error.message().to_owned())).boxed();
    let was_inserted = cas.put_xorb(&path.hash, body).await?.is_inserted();
    figures.xorbs.add(was_inserted.into());
    Ok(Json(ReceivedView { was_inserted }))
}

/// `HEAD /xet/{epoch}/v1/xorbs/{prefix}/{hash}`
async fn xorb_size(State(cas): State<Cas>, Writer(_): Writer, Path(path): Path<HashPath>) -> Answer<Response> {
    let size = cas.xorb_size(&path.hash).await?.ok_or_else(not_here)?;
    Ok([(header::CONTENT_LENGTH, size)].into_response())
}

/// `POST /xet/{epoch}/v1/telemetry`
async fn telemetry() -> StatusCode {
    StatusCode::OK
}

fn not_here() -> crate::Failed {
    ApiError::new(Code::NotFound, "this xorb is not here: send it").into()
}
