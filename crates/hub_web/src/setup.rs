//! `/setup`: the one-time link by which whoever started Hearth becomes its administrator, with a token to begin with.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, By, Label, NewToken, NewUser, TokenScopes};
use hub_core::{Code, SecretString, TokenRole, UserError};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, PublicUrl, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::csrf::FormToken;
use crate::error::Answer;
use crate::page::page;

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
    code: &'a str,
    form_token: &'a str,
    name: &'a str,
    email: &'a str,
    problem: Option<String>,
}

/// The token of a new account, shown once, with the lines to paste.
#[derive(Template)]
#[template(path = "setup/done.html")]
pub(crate) struct WelcomePage {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) url: String,
    pub(crate) is_admin: bool,
}

/// `GET /setup?code=…`
async fn form(State(accounts): State<Accounts>, Query(query): Query<SetupQuery>, token: FormToken) -> Answer {
    if !accounts.is_setup_code(&SecretString::new(query.code.clone())).await? {
        return Err(AccountError::SetupInvalid.into());
    }
    let view = SetupPage { code: &query.code, form_token: token.value(), name: "", email: "", problem: None };
    Ok(token.set(page(StatusCode::OK, &view)))
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
async fn submit(
    State(accounts): State<Accounts>,
    token: FormToken,
    public_url: PublicUrl,
    JsonOrForm(body): JsonOrForm<SetupBody>,
) -> Answer {
    token.check(&body.form_token)?;
    let made = set_up(&accounts, &body).await;
    match made {
        Ok(value) => {
            let token = value.reveal().to_owned();
            let view = WelcomePage { name: body.name, token, url: public_url.to_string(), is_admin: true };
            Ok(page(StatusCode::OK, &view))
        }
        Err(error) if is_mendable(&error) => {
            let view = SetupPage {
                code: body.code.reveal(),
                form_token: token.value(),
                name: &body.name,
                email: &body.email,
                problem: Some(explain(&error)),
            };
            Ok(token.set(page(StatusCode::UNPROCESSABLE_ENTITY, &view)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn set_up(accounts: &Accounts, body: &SetupBody) -> Result<SecretString, AccountError> {
    let new = new_user(&body.name, &body.email, &body.password)?;
    accounts.set_up(&body.code, new).await?;
    first_token(accounts, &body.name, &body.password).await
}

/// What a form says of a new account.
pub(crate) fn new_user(name: &str, email: &str, password: &SecretString) -> Result<NewUser, AccountError> {
    let name = name.trim();
    let email = email.trim();
    Ok(NewUser {
        name: name.parse().map_err(|source| AccountError::Name { name: name.to_owned(), source })?,
        full_name: None,
        email: if email.is_empty() { None } else { Some(email.parse()?) },
        password: Some(password.clone()),
    })
}

/// Signs the new person in and makes the token with which they begin.
pub(crate) async fn first_token(
    accounts: &Accounts,
    name: &str,
    password: &SecretString,
) -> Result<SecretString, AccountError> {
    let caller = accounts.authenticate_password(name.trim(), password).await?;
    let owner = caller.user().map(|user| user.id).ok_or(AccountError::NeedsLogin)?;
    let new = NewToken {
        display_name: "first token".parse::<Label>()?,
        role: TokenRole::Write,
        scopes: TokenScopes::default(),
        expires_at: None,
    };
    Ok(accounts.create_token(By::Caller(&caller), owner, new).await?.value)
}

/// Whether whoever filled the form can mend it.
pub(crate) fn is_mendable(error: &AccountError) -> bool {
    matches!(error.code(), Code::BadRequest | Code::Unprocessable | Code::Conflict)
}

/// An error with its cause, as a sentence for the form.
pub(crate) fn explain(error: &AccountError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{}{}", error.message(), cause)
}
