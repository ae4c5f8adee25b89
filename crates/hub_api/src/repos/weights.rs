//! `GET /api/models/{namespace}/{name}/safetensors-metadata/{file}`: the headers of a model's files in one answer.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hub_core::{Access, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, get};
use hub_repo::{Repos, WeightsHeaders};
use serde_json::{Value, json};

use crate::ApiState;
use crate::address::{At, api_base};
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get(format!("{}/safetensors-metadata/{{*path}}", api_base(RepoKind::Model)))
            .access(AccessClass::Read)
            .tag("files")
            .summary("Tells the tensors of a safetensors file, or of all files that an index names")
            .answer::<Value>()
            .to(weights_headers),
    )
}

/// `GET /api/models/{namespace}/{name}/safetensors-metadata/{file}`
async fn weights_headers(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Response> {
    let repo = at.open(&repos, &caller, Access::Read).await?;
    let commit = repo.resolve(&at.revision).await?;
    let found = repo.weights_headers(commit, &at.file(commit)?).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body(&found)?).into_response())
}

/// The headers stand in the answer as they stand in the files: taking them apart would cost ten times their size.
fn body(found: &WeightsHeaders) -> Result<Bytes, ApiError> {
    let length: usize = found.headers.values().map(Bytes::len).sum();
    let mut body = Vec::with_capacity(length + 1024);
    body.extend_from_slice(b"{\"headers\":{");
    for (place, (name, header)) in found.headers.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, name).map_err(ApiError::internal)?;
        body.push(b':');
        body.extend_from_slice(header);
    }
    let index = found.metadata.as_ref().map_or_else(|| json!({}), |metadata| json!({ "metadata": metadata }));
    body.extend_from_slice(b"},\"index\":");
    serde_json::to_writer(&mut body, &index).map_err(ApiError::internal)?;
    body.push(b'}');
    Ok(body.into())
}
