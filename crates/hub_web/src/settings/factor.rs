//! `/settings/two-factor`: an authenticator app beside the password, and codes for the day it is lost.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hub_account::{AccountError, Accounts, FactorKey};
use hub_core::{SecretString, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::login::TokenBody;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/two-factor").to(show))
        .route(post("/settings/two-factor/begin").to(begin))
        .route(post("/settings/two-factor/prove").to(prove))
        .route(post("/settings/two-factor/off").to(turn_off))
}

#[derive(Template)]
#[template(path = "settings/factor/page.html")]
struct FactorPage {
    shell: Shell,
    is_on: bool,
    recovery_left: u64,
    /// The key to take over, in groups of four, and its address.
    key: Option<(String, String)>,
    /// The recovery codes, shown once.
    codes: Vec<String>,
    problem: Option<String>,
}

/// `GET /settings/two-factor`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    factor_page(&visit, &accounts, StatusCode::OK, None, Vec::new(), None).await
}

async fn factor_page(
    visit: &Visit,
    accounts: &Accounts,
    status: StatusCode,
    key: Option<FactorKey>,
    codes: Vec<SecretString>,
    problem: Option<String>,
) -> Answer {
    let state = accounts.second_factor(visit.by(), visit.person()?.id).await?;
    let grouped = |key: &SecretString| {
        let letters: Vec<char> = key.reveal().chars().collect();
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    };
    let view = FactorPage {
        shell: visit.shell("factor"),
        is_on: state.is_on,
        recovery_left: state.recovery_codes,
        key: key.map(|key| (grouped(&key.base32), key.url.reveal().to_owned())),
        codes: codes.iter().map(|code| code.reveal().to_owned()).collect(),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// The name under which an app shows the account.
fn issuer(visit: &Visit) -> String {
    let host = visit.url.as_str().split("://").nth(1).unwrap_or("hearth");
    host.split(':').next().unwrap_or(host).to_owned()
}

/// `POST /settings/two-factor/begin`
async fn begin(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<TokenBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let key = accounts.begin_second_factor(visit.by(), &issuer(&visit)).await?;
    factor_page(&visit, &accounts, StatusCode::OK, Some(key), Vec::new(), None).await
}

/// A code, as proof.
#[derive(Deserialize)]
struct ProofBody {
    form_token: String,
    code: SecretString,
}

/// `POST /settings/two-factor/prove`
async fn prove(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ProofBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    match accounts.prove_second_factor(visit.by(), &body.code).await {
        Ok(codes) => factor_page(&visit, &accounts, StatusCode::OK, None, codes, None).await,
        Err(error) => mend(&visit, &accounts, error).await,
    }
}

/// `POST /settings/two-factor/off`
async fn turn_off(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ProofBody>) -> Answer {
    visit.check(&body.form_token)?;
    let person = visit.person()?.id;
    match accounts.drop_second_factor(visit.by(), person, Some(&body.code)).await {
        Ok(()) => Ok(go_to("/settings/two-factor?done=factor-off")),
        Err(error) => mend(&visit, &accounts, error).await,
    }
}

async fn mend(visit: &Visit, accounts: &Accounts, error: AccountError) -> Result<Response, crate::error::PageError> {
    if !is_mendable(&error) {
        return Err(error.into());
    }
    let problem = Some(sentence(error.message()));
    factor_page(visit, accounts, StatusCode::UNPROCESSABLE_ENTITY, None, Vec::new(), problem).await
}
