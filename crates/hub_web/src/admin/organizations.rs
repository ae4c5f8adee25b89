//! `/admin/organizations`: every organisation with its members; its settings are its own page.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, Organization, PageQuery};
use hub_http::{ApiRouter, Query};
use serde::Deserialize;

use super::get;
use crate::WebState;
use crate::address::escape_value;
use crate::error::Answer;
use crate::shell::Shell;
use crate::visit::Visit;

/// Organisations on a page.
const PAGE: usize = 50;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/admin/organizations").to(show))
}

#[derive(Deserialize)]
struct AfterQuery {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/organizations.html")]
struct OrganizationsPage {
    shell: Shell,
    organizations: Vec<Organization>,
    next: Option<String>,
    problem: Option<String>,
}

/// `GET /admin/organizations`
async fn show(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<AfterQuery>) -> Answer {
    visit.administers()?;
    let found = accounts.orgs(&PageQuery { after: query.after, limit: Some(PAGE) }).await?;
    let next = found.next.map(|after| format!("/admin/organizations?after={}", escape_value(&after)));
    let view = OrganizationsPage {
        shell: visit.shell("admin-organizations"),
        organizations: found.items,
        next,
        problem: None,
    };
    Ok(visit.page(StatusCode::OK, &view))
}
