//! `/settings/password`: a new password, proved by the present one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts};
use hub_core::{SecretString, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/settings/password").to(show)).route(post("/settings/password").to(save))
}

#[derive(Template)]
#[template(path = "settings/password/page.html")]
struct PasswordPage {
    shell: Shell,
    has_password: bool,
    problem: Option<String>,
}

/// `GET /settings/password`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    let user = accounts.user(visit.by(), &visit.person()?.name).await?;
    let view = PasswordPage { shell: visit.shell("password"), has_password: user.has_password, problem: None };
    Ok(visit.page(StatusCode::OK, &view))
}

/// The filled form.
#[derive(Deserialize)]
struct PasswordBody {
    form_token: String,
    current: Option<SecretString>,
    password: SecretString,
}

/// `POST /settings/password`
async fn save(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<PasswordBody>) -> Answer {
    visit.check(&body.form_token)?;
    let name = &visit.person()?.name;
    match accounts.set_password(visit.by(), name, body.current.as_ref(), &body.password).await {
        Ok(()) => Ok(go_to("/settings/password?done=password")),
        Err(error) if is_mendable(&error) => {
            let problem = match error {
                AccountError::BadCredentials => visit.words.get("password.wrong").to_owned(),
                error => sentence(error.message()),
            };
            let has_password = body.current.is_some();
            let view = PasswordPage { shell: visit.shell("password"), has_password, problem: Some(problem) };
            Ok(visit.page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}
