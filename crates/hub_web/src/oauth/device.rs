//! `/oauth/device`: where the owner of a device without a browser answers it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hub_account::{AccountError, Accounts, Vouched, WaitingApp};
use hub_core::UserError;
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query, get, post};
use serde::Deserialize;

use super::scope_lines;
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/oauth/device").access(AccessClass::Login).undocumented().to(form))
        .route(post("/oauth/device/answer").access(AccessClass::Login).undocumented().to(answer))
}

/// The short code, if the link carries it.
#[derive(Deserialize)]
struct DeviceQuery {
    #[serde(default)]
    user_code: String,
}

#[derive(Template)]
#[template(path = "oauth/device.html")]
struct DevicePage<'a> {
    shell: Shell,
    user_code: &'a str,
    /// The app that waits, once the code is known.
    app: Option<String>,
    /// Whether nobody vouches for it.
    is_unknown: bool,
    /// What it asks for; nothing for everything.
    scopes: Vec<&'static str>,
    /// What was answered.
    answered: Option<bool>,
    problem: Option<String>,
}

/// `GET /oauth/device`
async fn form(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<DeviceQuery>) -> Answer {
    visit.person()?;
    let code = query.user_code.trim();
    if code.is_empty() {
        return Ok(device_page(&visit, StatusCode::OK, "", None, None, None));
    }
    match accounts.waiting_device(visit.by(), code).await {
        Ok(app) => Ok(device_page(&visit, StatusCode::OK, code, Some(app), None, None)),
        Err(error) => mend(&visit, code, error),
    }
}

fn device_page(
    visit: &Visit,
    status: StatusCode,
    user_code: &str,
    app: Option<WaitingApp>,
    answered: Option<bool>,
    problem: Option<String>,
) -> Response {
    let scopes = app.as_ref().map(|app| scope_lines(visit, &app.scopes)).unwrap_or_default();
    let is_unknown = app.as_ref().is_some_and(|waiting| waiting.app.vouched == Vouched::Nobody);
    let app = app.map(|waiting| waiting.app.name);
    let shell = visit.shell("login");
    visit.page(status, &DevicePage { shell, user_code, app, is_unknown, scopes, answered, problem })
}

fn mend(visit: &Visit, code: &str, error: AccountError) -> Answer {
    if !is_mendable(&error) {
        return Err(error.into());
    }
    let problem = Some(sentence(error.message()));
    Ok(device_page(visit, StatusCode::UNPROCESSABLE_ENTITY, code, None, None, problem))
}

/// The owner's answer.
#[derive(Deserialize)]
struct AnswerBody {
    form_token: String,
    user_code: String,
    #[serde(default)]
    allow: bool,
}

/// `POST /oauth/device/answer`
async fn answer(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<AnswerBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    match accounts.answer_device(visit.by(), &body.user_code, body.allow).await {
        Ok(()) => Ok(device_page(&visit, StatusCode::OK, "", None, Some(body.allow), None)),
        Err(error) => mend(&visit, &body.user_code, error),
    }
}
