//! `/join`: how people make accounts for themselves, as far as the policy of the instance lets them.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, By, Label, NewToken, NewUser, SignIn, SignUpPolicy, TokenScopes};
use hub_core::{SecretString, TokenRole, UserError};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::shell::Shell;
use crate::visit::Visit;

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
    shell: Shell,
    invitation: &'a str,
    needs_invitation: bool,
    name: &'a str,
    email: &'a str,
    problem: Option<String>,
}

/// `GET /join`
async fn form(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<JoinQuery>) -> Answer {
    let policy = accounts.sign_up_policy();
    if policy == SignUpPolicy::Closed {
        return Err(AccountError::SignUpClosed.into());
    }
    let view = JoinPage {
        shell: visit.shell("join"),
        invitation: &query.invitation,
        needs_invitation: policy == SignUpPolicy::Invitation,
        name: "",
        email: "",
        problem: None,
    };
    Ok(visit.form_page(StatusCode::OK, &view))
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
async fn submit(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<JoinBody>) -> Answer {
    visit.check(&body.form_token)?;
    match sign_up(&accounts, &body).await {
        Ok(()) => welcome(&visit, &accounts, &body.name, &body.password).await,
        Err(error) if is_mendable(&error) || is_about_invitation(&error) => {
            let view = JoinPage {
                shell: visit.shell("join"),
                invitation: &body.invitation,
                needs_invitation: accounts.sign_up_policy() == SignUpPolicy::Invitation,
                name: &body.name,
                email: &body.email,
                problem: Some(sentence(error.message())),
            };
            Ok(visit.form_page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(error) => Err(error.into()),
    }
}

fn is_about_invitation(error: &AccountError) -> bool {
    matches!(
        error,
        AccountError::InvitationNeeded | AccountError::InvitationInvalid | AccountError::InvitationForAnother
    )
}

async fn sign_up(accounts: &Accounts, body: &JoinBody) -> Result<(), AccountError> {
    let invitation = Some(body.invitation.trim()).filter(|code| !code.is_empty()).map(SecretString::new);
    accounts.sign_up(new_user(&body.name, &body.email, &body.password)?, invitation.as_ref()).await?;
    Ok(())
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

/// The first steps of a new person: signed in, with a token that is shown once, and lines to paste.
#[derive(Template)]
#[template(path = "join/welcome.html")]
struct WelcomePage {
    shell: Shell,
    name: String,
    token: String,
}

/// Signs a new person in and makes the token with which they begin.
pub(crate) async fn welcome(visit: &Visit, accounts: &Accounts, name: &str, password: &SecretString) -> Answer {
    let attempt = SignIn { login: name.trim(), password, address: &visit.address, client: &visit.client };
    let session = accounts.sign_in(&attempt).await?;
    let caller = accounts.authenticate_session(&session.value).await?;
    let owner = caller.user().ok_or(AccountError::NeedsLogin)?;
    let new = NewToken {
        display_name: visit.words.get("welcome.token").parse::<Label>().map_err(AccountError::from)?,
        role: TokenRole::Write,
        scopes: TokenScopes::default(),
        expires_at: None,
    };
    let token = accounts.create_token(By::Caller(&caller), owner.id, new).await?;
    let name = owner.name.to_string();
    let visit = visit.clone().signed_in(caller);
    let view = WelcomePage { shell: visit.shell("join"), name, token: token.value.reveal().to_owned() };
    let mut response = visit.page(StatusCode::OK, &view);
    visit.set_session(&mut response, Some(&session.value));
    Ok(response)
}
