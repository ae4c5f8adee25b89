//! `/settings/password`: a new password, proved by the present one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, SsoIdentity};
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
    /// What the other house is called, if there is one.
    house: Option<String>,
    identities: Vec<SsoIdentity>,
    problem: Option<String>,
}

async fn password_page(
    visit: &Visit,
    accounts: &Accounts,
    state: &WebState,
    status: StatusCode,
    has_password: bool,
    problem: Option<String>,
) -> Answer {
    let identities = accounts.sso_identities(visit.by(), visit.person()?.id).await?;
    let house = state.sso.as_ref().map(|sso| sso.label.clone());
    let view = PasswordPage { shell: visit.shell("password"), has_password, house, identities, problem };
    Ok(visit.page(status, &view))
}

/// `GET /settings/password`
async fn show(visit: Visit, State(accounts): State<Accounts>, State(state): State<WebState>) -> Answer {
    let user = accounts.user(visit.by(), &visit.person()?.name).await?;
    password_page(&visit, &accounts, &state, StatusCode::OK, user.has_password, None).await
}

/// The filled form.
#[derive(Deserialize)]
struct PasswordBody {
    form_token: String,
    current: Option<SecretString>,
    password: SecretString,
}

/// `POST /settings/password`
async fn save(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(state): State<WebState>,
    JsonOrForm(body): JsonOrForm<PasswordBody>,
) -> Answer {
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
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            password_page(&visit, &accounts, &state, status, has_password, Some(problem)).await
        }
        Err(error) => Err(error.into()),
    }
}
