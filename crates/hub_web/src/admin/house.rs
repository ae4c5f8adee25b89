//! `/admin/house`: the version that runs, whether its stores answer, and the configuration in force without its secrets.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::Timestamp;
use hub_http::ApiRouter;

use super::get;
use crate::WebState;
use crate::error::Answer;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/admin/house").to(show))
}

#[derive(Template)]
#[template(path = "admin/house.html")]
struct HousePage {
    shell: Shell,
    version: &'static str,
    started_at: Timestamp,
    stores: (&'static str, &'static str),
    /// What a store says that does not answer.
    fault: Option<String>,
    configuration: Arc<str>,
    problem: Option<String>,
}

/// `GET /admin/house`
async fn show(visit: Visit, State(state): State<WebState>) -> Answer {
    visit.administers()?;
    let house = &state.house;
    let view = HousePage {
        shell: visit.shell("admin-house"),
        version: house.version,
        started_at: house.started_at,
        stores: house.stores,
        fault: (house.health)().await.err(),
        configuration: house.configuration.clone(),
        problem: None,
    };
    Ok(visit.page(StatusCode::OK, &view))
}
