//! `/admin/jobs`: the queue of work in the background, and what was given up.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_http::{ApiError, ApiRouter, JsonOrForm};
use hub_jobs::{DeadJob, JobId, JobOutcome, KindCount};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::Answer;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// How many of the jobs that were given up are listed.
const DEAD_SHOWN: u32 = 100;
/// The most characters of a payload that are shown: letters hold what people wrote.
const PAYLOAD_SHOWN: usize = 200;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/admin/jobs").to(show)).route(post("/admin/jobs/retry").to(retry))
}

#[derive(Template)]
#[template(path = "admin/jobs.html")]
struct JobsPage {
    shell: Shell,
    kinds: Vec<KindCount>,
    dead: Vec<DeadJob>,
    outcomes: Vec<JobOutcome>,
    problem: Option<String>,
}

/// `GET /admin/jobs`
async fn show(visit: Visit, State(state): State<WebState>) -> Answer {
    visit.administers()?;
    let queue = &state.house.queue;
    let kinds = queue.counts().await.map_err(ApiError::internal)?;
    let mut dead = queue.dead(DEAD_SHOWN).await.map_err(ApiError::internal)?;
    for job in &mut dead {
        // Payloads may hold addresses that open something, such as the link of a letter: none is shown whole.
        job.payload = job.payload.chars().take(PAYLOAD_SHOWN).collect::<String>().replace("code=", "code…");
        if let Some(at) = job.payload.find("code…") {
            job.payload.truncate(at);
        }
    }
    let outcomes = queue.outcomes().await.map_err(ApiError::internal)?;
    Ok(visit.page(StatusCode::OK, &JobsPage { shell: visit.shell("admin-jobs"), kinds, dead, outcomes, problem: None }))
}

/// Which job.
#[derive(Deserialize)]
struct RetryBody {
    form_token: String,
    id: i64,
}

/// `POST /admin/jobs/retry`
async fn retry(visit: Visit, State(state): State<WebState>, JsonOrForm(body): JsonOrForm<RetryBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.administers()?;
    state.house.queue.revive(JobId::from_number(body.id)).await.map_err(ApiError::internal)?;
    Ok(go_to("/admin/jobs?done=started"))
}
