//! `POST …/stage/{revision}`: where the script of the upload form sends a large file in parts, before the form commits it.
//!
//! The addresses carry their own permission, so an upload that was cut off goes on with the parts that are missing, also
//! after the page was opened anew. What was staged and never committed is collected like any other upload.

use axum::extract::State;
use axum::response::IntoResponse as _;
use hub_core::{Access, Sha256};
use hub_http::{AccessClass, Addr, ApiRouter, Json, JsonBody};
use hub_repo::{Operation, PartPlan, Repo, RepoError, Repos, UploadPlan};
use serde::{Deserialize, Serialize};

use super::{Refused, path_in};
use crate::WebState;
use crate::error::Answer;
use crate::repo::{Opened, for_each_kind, post};
use crate::visit::Visit;

/// The bytes of a part: little enough to be sent again without regret. S3 takes no less than 5 MiB.
const PART_BYTES: u64 = 8 << 20;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/stage/{revision}", |path| post(AccessClass::Write, path).to(stage))
}

/// The file that shall be sent.
#[derive(Deserialize)]
struct StageBody {
    form_token: String,
    sha256: Sha256,
    size: u64,
}

/// How it is sent.
#[derive(Serialize)]
struct StageView {
    /// The bytes of each part but the last.
    part_bytes: u64,
    /// Where each part is put; none if the content is here already.
    parts: Vec<String>,
    /// Where the tags of the parts are posted in the end.
    complete: String,
}

/// `POST …/stage/{revision}`
async fn stage(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    JsonBody(body): JsonBody<StageBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    let view = match opened.repo.plan_parts_here(body.sha256, body.size, PART_BYTES).await? {
        UploadPlan::Parts { part_bytes, parts, complete } => {
            let mut links = Vec::with_capacity(parts.len());
            for part in parts {
                match part {
                    PartPlan::Hearth(ticket) => {
                        links.push(format!("/api/lfs/part?ticket={}", repos.seal(&ticket).await?))
                    }
                    PartPlan::Direct(link) => links.push(link),
                }
            }
            let complete = format!("/api/lfs/complete?ticket={}", repos.seal(&complete).await?);
            StageView { part_bytes, parts: links, complete }
        }
        UploadPlan::Present | UploadPlan::Whole(_) | UploadPlan::Direct { .. } => {
            StageView { part_bytes: PART_BYTES, parts: Vec::new(), complete: String::new() }
        }
    };
    Ok(Json(view).into_response())
}

/// A file of the form that was sent before.
#[derive(Deserialize)]
struct StagedFile {
    name: String,
    sha256: Sha256,
    size: u64,
}

/// The operation that commits a file which was sent before.
pub(super) async fn staged(repo: &Repo, folder: &str, text: &str) -> Result<Operation, Refused> {
    let wrong = || Refused::from(RepoError::Unprocessable("a file of the form is not described well".to_owned()));
    let file: StagedFile = serde_json::from_str(text).map_err(|_| wrong())?;
    let path = path_in(folder, &file.name)?;
    if repo.held_large(file.sha256).await? != Some(file.size) {
        let message = format!("{} has not arrived: send it again", file.name);
        return Err(RepoError::Unprocessable(message).into());
    }
    Ok(Operation::PutLarge { path, sha256: file.sha256, size: Some(file.size), old_path: None })
}
