//! `/admin/storage`: what the stores hold, which repositories are largest, and the collection of garbage.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::Timestamp;
use hub_http::{ApiError, ApiRouter, JsonOrForm};
use hub_jobs::NewJob;
use hub_repo::{Repos, StorageReport};

use super::{get, post};
use crate::WebState;
use crate::error::Answer;
use crate::login::TokenBody;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// How many of the largest repositories are listed.
const LARGEST: usize = 20;
/// The job that collects garbage.
const COLLECT: &str = "garbage.collect";

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/admin/storage").to(show)).route(post("/admin/storage/collect").to(collect))
}

#[derive(Template)]
#[template(path = "admin/storage.html")]
struct StoragePage {
    shell: Shell,
    report: StorageReport,
    largest: Vec<LargeLine>,
    can_collect: bool,
    /// When garbage was collected last, and what came of it.
    last: Option<(Timestamp, String)>,
    problem: Option<String>,
}

/// A large repository.
struct LargeLine {
    href: String,
    name: String,
    all_bytes: u64,
    content_bytes: u64,
    row_bytes: u64,
}

/// `GET /admin/storage`
async fn show(visit: Visit, State(repos): State<Repos>, State(state): State<WebState>) -> Answer {
    visit.administers()?;
    let report = repos.storage_report().await?;
    let largest = repos.storage_by_repo(0, LARGEST).await?;
    let line = |repo: hub_repo::RepoStorage| LargeLine {
        href: format!("/{}", repo.addr.url_path()),
        name: repo.addr.to_string(),
        all_bytes: repo.logical_bytes,
        content_bytes: repo.content_bytes,
        row_bytes: repo.row_bytes,
    };
    let outcomes = state.house.queue.outcomes().await.map_err(ApiError::internal)?;
    let last = outcomes.into_iter().find(|outcome| outcome.kind == COLLECT);
    let view = StoragePage {
        shell: visit.shell("admin-storage"),
        report,
        largest: largest.into_iter().map(line).collect(),
        can_collect: state.house.collects_garbage,
        last: last.map(|outcome| (outcome.finished_at, outcome.report)),
        problem: None,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// `POST /admin/storage/collect`: a job, so that it survives this process and runs on one replica only.
async fn collect(visit: Visit, State(state): State<WebState>, JsonOrForm(body): JsonOrForm<TokenBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.administers()?;
    let job = NewJob::new(COLLECT, serde_json::Value::Null).once_per("by an administrator");
    state.house.queue.enqueue_alone(job).await.map_err(ApiError::internal)?;
    Ok(go_to("/admin/storage?done=started"))
}
