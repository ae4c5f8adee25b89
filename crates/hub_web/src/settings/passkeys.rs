//! `/settings/passkeys`: passkeys that sign a person in. Registering one needs the browser's script, the rest does not.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, Label, NewPasskey, Passkey, PasskeyId, PasskeyPlace};
use hub_core::{Code, UserError};
use hub_http::{ApiRouter, Json, JsonOrForm};
use serde::{Deserialize, Serialize};

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::login::TokenBody;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;
use axum::response::IntoResponse;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/passkeys").to(show))
        .route(post("/settings/passkeys/begin").to(begin))
        .route(post("/settings/passkeys").to(add))
        .route(post("/settings/passkeys/rename").to(rename))
        .route(post("/settings/passkeys/delete").to(delete))
}

#[derive(Template)]
#[template(path = "settings/passkeys/page.html")]
struct PasskeysPage {
    shell: Shell,
    keys: Vec<Passkey>,
    /// Whether browsers have passkeys at the address of this house.
    has_place: bool,
    problem: Option<String>,
}

/// `GET /settings/passkeys`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    passkeys_page(&visit, &accounts, StatusCode::OK, None).await
}

async fn passkeys_page(visit: &Visit, accounts: &Accounts, status: StatusCode, problem: Option<String>) -> Answer {
    let keys = accounts.passkeys(visit.by(), visit.person()?.id).await?;
    let has_place = PasskeyPlace::of(visit.url.as_str()).is_some();
    Ok(visit.page(status, &PasskeysPage { shell: visit.shell("passkeys"), keys, has_place, problem }))
}

/// The place of ceremonies at this house.
pub(crate) fn place(visit: &Visit) -> Result<PasskeyPlace, PageError> {
    let place = PasskeyPlace::of(visit.url.as_str());
    place.ok_or_else(|| PageError::told(Code::BadRequest, visit.words.get("passkeys.noplace")))
}

/// What a browser needs to make a passkey.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BeginView {
    challenge: String,
    host: String,
    user: String,
    user_id: String,
    known: Vec<String>,
}

/// `POST /settings/passkeys/begin`
async fn begin(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<TokenBody>) -> Answer {
    visit.check(&body.form_token)?;
    let person = visit.person()?;
    let place = place(&visit)?;
    let challenge = accounts.begin_passkey(visit.by()).await?;
    let view = BeginView {
        challenge: challenge.challenge.reveal().to_owned(),
        host: place.host,
        user: person.name.to_string(),
        user_id: person.id.to_string(),
        known: challenge.known,
    };
    Ok(Json(view).into_response())
}

/// A passkey that a browser made.
#[derive(Deserialize)]
struct AddBody {
    form_token: String,
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    passkey: NewPasskey,
}

/// Where the script goes on to, or what it tells.
#[derive(Serialize, Default)]
pub(crate) struct DoneView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// `POST /settings/passkeys`
async fn add(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<AddBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let place = place(&visit)?;
    match add_passkey(&visit, &accounts, &place, &body).await {
        Ok(()) => {
            let view = DoneView { next: Some("/settings/passkeys?done=passkey".to_owned()), problem: None };
            Ok(Json(view).into_response())
        }
        Err(error) if is_mendable(&error) => {
            let view = DoneView { next: None, problem: Some(sentence(error.message())) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(view)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn add_passkey(
    visit: &Visit,
    accounts: &Accounts,
    place: &PasskeyPlace,
    body: &AddBody,
) -> Result<(), AccountError> {
    let name = body.name.trim();
    let name: Label = if name.is_empty() { visit.words.get("passkeys.unnamed") } else { name }.parse()?;
    accounts.add_passkey(visit.by(), place, name, &body.passkey).await?;
    Ok(())
}

/// Which passkey, and its new name.
#[derive(Deserialize)]
struct OneBody {
    form_token: String,
    id: String,
    #[serde(default)]
    name: String,
}

impl OneBody {
    fn id(&self, visit: &Visit) -> Result<PasskeyId, PageError> {
        self.id.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))
    }
}

/// `POST /settings/passkeys/rename`
async fn rename(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<OneBody>) -> Answer {
    visit.check(&body.form_token)?;
    let owner = visit.person()?.id;
    let renamed = match body.name.parse::<Label>() {
        Ok(name) => accounts.rename_passkey(visit.by(), owner, body.id(&visit)?, &name).await,
        Err(error) => Err(error.into()),
    };
    match renamed {
        Ok(()) => Ok(go_to("/settings/passkeys?done=saved")),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            passkeys_page(&visit, &accounts, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/passkeys/delete`
async fn delete(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<OneBody>) -> Answer {
    visit.check(&body.form_token)?;
    accounts.delete_passkey(visit.by(), visit.person()?.id, body.id(&visit)?).await?;
    Ok(go_to("/settings/passkeys?done=passkey-gone"))
}
