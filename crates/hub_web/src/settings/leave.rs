//! `/settings/leave`: a person deletes their own account.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts};
use hub_core::{SecretString, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use hub_repo::Repos;
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/settings/leave").to(show)).route(post("/settings/leave").to(leave))
}

#[derive(Template)]
#[template(path = "settings/leave/page.html")]
struct LeavePage {
    shell: Shell,
    name: String,
    has_password: bool,
    /// How many repositories the person still owns.
    owned: u64,
    problem: Option<String>,
}

/// `GET /settings/leave`
async fn show(visit: Visit, State(accounts): State<Accounts>, State(repos): State<Repos>) -> Answer {
    leave_page(&visit, &accounts, &repos, None).await
}

async fn leave_page(visit: &Visit, accounts: &Accounts, repos: &Repos, problem: Option<String>) -> Answer {
    let user = accounts.user(visit.by(), &visit.person()?.name).await?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let owned = repos.count_of(&visit.caller, user.id).await?;
    let owned = owned.models + owned.datasets + owned.spaces + owned.kernels + owned.buckets;
    let (name, has_password) = (user.name.to_string(), user.has_password);
    Ok(visit.page(status, &LeavePage { shell: visit.shell("profile"), name, has_password, owned, problem }))
}

/// The name again, as proof that it is meant, and the password, as proof of who means it.
#[derive(Deserialize)]
struct LeaveBody {
    form_token: String,
    confirm: String,
    password: Option<SecretString>,
}

/// `POST /settings/leave`
async fn leave(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    JsonOrForm(body): JsonOrForm<LeaveBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let person = visit.person()?;
    if body.confirm.trim() != person.name.as_str() {
        let problem = visit.words.get("leave.mismatch").to_owned();
        return leave_page(&visit, &accounts, &repos, Some(problem)).await;
    }
    let owned = u64::from(repos.owns_any(person.id).await?);
    match accounts.leave(visit.by(), body.password.as_ref(), owned).await {
        Ok(()) => {
            let mut response = go_to("/?done=left");
            visit.set_session(&mut response, None);
            Ok(response)
        }
        Err(error) if is_mendable(&error) => {
            let problem = match error {
                AccountError::BadCredentials => visit.words.get("password.wrong").to_owned(),
                error => sentence(error.message()),
            };
            leave_page(&visit, &accounts, &repos, Some(problem)).await
        }
        Err(error) => Err(error.into()),
    }
}
