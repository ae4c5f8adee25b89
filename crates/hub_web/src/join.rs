//! `/join`: how people make accounts for themselves, as far as the policy of the instance lets them.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, SignUpPolicy};
use hub_core::SecretString;
use hub_http::{AccessClass, ApiRouter, JsonOrForm, PublicUrl, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::csrf::FormToken;
use crate::error::Answer;
use crate::page::page;
use crate::setup::{WelcomePage, explain, first_token, is_mendable, new_user};

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/join").access(AccessClass::Public).undocumented().to(form))
        .route(post("/join").access(AccessClass::Public).undocumented().to(submit))
}

/// The code of an invitation, if the link carries one.
#[derive(Deserialize)]
struct JoinQuery {
    #[serde(default)]
    invitation: String,
}

#[derive(Template)]
#[template(path = "join/page.html")]
struct JoinPage<'a> {
    form_token: &'a str,
    invitation: &'a str,
    needs_invitation: bool,
    name: &'a str,
    email: &'a str,
    problem: Option<String>,
}

/// `GET /join`
async fn form(State(accounts): State<Accounts>, Query(query): Query<JoinQuery>, token: FormToken) -> Answer {
    let policy = accounts.sign_up_policy();
    if policy == SignUpPolicy::Closed {
        return Err(AccountError::SignUpClosed.into());
    }
    let view = JoinPage {
        form_token: token.value(),
        invitation: &query.invitation,
        needs_invitation: policy == SignUpPolicy::Invitation,
        name: "",
        email: "",
        problem: None,
    };
    Ok(token.set(page(StatusCode::OK, &view)))
}

/// The filled form.
#[derive(Deserialize)]
struct JoinBody {
    form_token: String,
    #[serde(default)]
    invitation: String,
    name: String,
    #[serde(default)]
    email: String,
    password: SecretString,
}

/// `POST /join`
async fn submit(
    State(accounts): State<Accounts>,
    token: FormToken,
    public_url: PublicUrl,
    JsonOrForm(body): JsonOrForm<JoinBody>,
) -> Answer {
    token.check(&body.form_token)?;
    match sign_up(&accounts, &body).await {
        Ok(value) => {
            let token = value.reveal().to_owned();
            let view = WelcomePage { name: body.name, token, url: public_url.to_string(), is_admin: false };
            Ok(page(StatusCode::OK, &view))
        }
        Err(error) if is_mendable(&error) => {
            let view = JoinPage {
                form_token: token.value(),
                invitation: &body.invitation,
                needs_invitation: accounts.sign_up_policy() == SignUpPolicy::Invitation,
                name: &body.name,
                email: &body.email,
                problem: Some(explain(&error)),
            };
            Ok(token.set(page(StatusCode::UNPROCESSABLE_ENTITY, &view)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn sign_up(accounts: &Accounts, body: &JoinBody) -> Result<SecretString, AccountError> {
    let invitation = Some(body.invitation.trim()).filter(|code| !code.is_empty()).map(SecretString::new);
    accounts.sign_up(new_user(&body.name, &body.email, &body.password)?, invitation.as_ref()).await?;
    first_token(accounts, &body.name, &body.password).await
}
