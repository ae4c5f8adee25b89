//! `/setup`: the one-time link by which whoever started Hearth becomes its administrator, with a token to begin with.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts};
use hub_core::{SecretString, UserError};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::join::{new_user, welcome};
use crate::shell::Shell;
use crate::visit::Visit;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/setup").access(AccessClass::Signed).undocumented().to(form))
        .route(post("/setup").access(AccessClass::Signed).undocumented().to(submit))
}

/// The code of the link.
#[derive(Deserialize)]
struct SetupQuery {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "setup/page.html")]
struct SetupPage<'a> {
    shell: Shell,
    code: &'a str,
    name: &'a str,
    email: &'a str,
    problem: Option<String>,
}

/// `GET /setup?code=…`
async fn form(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<SetupQuery>) -> Answer {
    if !accounts.is_setup_code(&SecretString::new(query.code.clone())).await? {
        return Err(AccountError::SetupInvalid.into());
    }
    let view = SetupPage { shell: visit.shell("join"), code: &query.code, name: "", email: "", problem: None };
    Ok(visit.form_page(StatusCode::OK, &view))
}

/// The filled form.
#[derive(Deserialize)]
struct SetupBody {
    code: SecretString,
    form_token: String,
    name: String,
    #[serde(default)]
    email: String,
    password: SecretString,
}

/// `POST /setup`
async fn submit(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<SetupBody>) -> Answer {
    visit.check(&body.form_token)?;
    match set_up(&accounts, &body).await {
        Ok(()) => welcome(&visit, &accounts, &body.name, &body.password).await,
        Err(error) if is_mendable(&error) => {
            let view = SetupPage {
                shell: visit.shell("join"),
                code: body.code.reveal(),
                name: &body.name,
                email: &body.email,
                problem: Some(sentence(error.message())),
            };
            Ok(visit.form_page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

async fn set_up(accounts: &Accounts, body: &SetupBody) -> Result<(), AccountError> {
    accounts.set_up(&body.code, new_user(&body.name, &body.email, &body.password)?).await?;
    Ok(())
}
