//! `/settings/profile`: the name that is shown, the address of mail, the organisations of a person.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, LetterWords, Membership, User};
use hub_core::{NamespaceName, SecretString, UserError};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings").to(begin))
        .route(get("/settings/profile").to(show))
        .route(post("/settings/profile").to(save))
        .route(hub_http::get("/settings/email/confirm").access(AccessClass::Public).undocumented().to(confirm_form))
        .route(hub_http::post("/settings/email/confirm").access(AccessClass::Public).undocumented().to(confirm))
}

/// `GET /settings`
async fn begin() -> Answer {
    Ok(go_to("/settings/profile"))
}

#[derive(Template)]
#[template(path = "settings/profile/page.html")]
struct ProfilePage<'a> {
    shell: Shell,
    user: User,
    full_name: &'a str,
    email: &'a str,
    /// Whether addresses are proved here, by a letter.
    has_mail: bool,
    /// The address that waits for its proof.
    unproved: Option<String>,
    memberships: Vec<MembershipLine>,
    problem: Option<String>,
}

/// An organisation and what the person is there.
struct MembershipLine {
    name: String,
    role: &'static str,
}

/// `GET /settings/profile`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    let user = accounts.user(visit.by(), &visit.person()?.name).await?;
    let (full_name, email) = (user.full_name.to_string(), email_of(&user));
    profile_page(&visit, &accounts, StatusCode::OK, user, (&full_name, &email), None).await
}

fn email_of(user: &User) -> String {
    user.email.as_ref().map(ToString::to_string).unwrap_or_default()
}

async fn profile_page(
    visit: &Visit,
    accounts: &Accounts,
    status: StatusCode,
    user: User,
    (full_name, email): (&str, &str),
    problem: Option<String>,
) -> Answer {
    let line = |membership: &Membership| MembershipLine {
        name: membership.name.to_string(),
        role: visit.words.find(&format!("role.{}", membership.role.word())).unwrap_or(membership.role.word()),
    };
    let memberships = visit.caller.user().map(|user| user.memberships.iter().map(line).collect()).unwrap_or_default();
    let has_mail = accounts.mail().is_on();
    let unproved = accounts.unproved_email(visit.by(), &user.name).await?.map(|email| email.to_string());
    let view =
        ProfilePage { shell: visit.shell("profile"), user, full_name, email, has_mail, unproved, memberships, problem };
    Ok(visit.page(status, &view))
}

/// The filled form.
#[derive(Deserialize)]
struct ProfileBody {
    form_token: String,
    full_name: String,
    #[serde(default)]
    email: String,
}

/// `POST /settings/profile`
async fn save(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ProfileBody>) -> Answer {
    visit.check(&body.form_token)?;
    let name = &visit.person()?.name;
    match set_profile(&visit, &accounts, name, &body).await {
        Ok(is_sent) => Ok(go_to(if is_sent { "/settings/profile?done=proof" } else { "/settings/profile?done=saved" })),
        Err(error) if is_mendable(&error) => {
            let user = accounts.user(visit.by(), name).await?;
            let problem = Some(sentence(error.message()));
            let fields = (body.full_name.as_str(), body.email.as_str());
            profile_page(&visit, &accounts, StatusCode::UNPROCESSABLE_ENTITY, user, fields, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves what the form says; gives whether a letter went out, by which a new address is to be proved.
async fn set_profile(
    visit: &Visit,
    accounts: &Accounts,
    name: &NamespaceName,
    body: &ProfileBody,
) -> Result<bool, AccountError> {
    let full_name = body.full_name.parse()?;
    let email = Some(body.email.trim()).filter(|email| !email.is_empty()).map(str::parse).transpose()?;
    if !accounts.mail().is_on() {
        accounts.set_profile(visit.by(), name, Some(&full_name), email.as_ref()).await?;
        return Ok(false);
    }
    accounts.set_profile(visit.by(), name, Some(&full_name), None).await?;
    let user = accounts.user(visit.by(), name).await?;
    let is_proved = user.email_verified_at.is_some();
    let Some(email) = email.filter(|email| !is_proved || user.email.as_ref() != Some(email)) else { return Ok(false) };
    let words =
        LetterWords { subject: visit.words.get("letter.proof.subject"), text: visit.words.get("letter.proof.text") };
    accounts.prove_email(visit.by(), name, &email, words).await?;
    Ok(true)
}

/// The code of a link that proves an address.
#[derive(Deserialize)]
struct ConfirmQuery {
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "settings/profile/confirm.html")]
struct ConfirmPage<'a> {
    shell: Shell,
    code: &'a str,
    proved: Option<String>,
    problem: Option<String>,
}

/// `GET /settings/email/confirm?code=…`: a page that asks, because programs that look for danger in mail open every link.
async fn confirm_form(visit: Visit, Query(query): Query<ConfirmQuery>) -> Answer {
    let view = ConfirmPage { shell: visit.shell("profile"), code: &query.code, proved: None, problem: None };
    Ok(visit.form_page(StatusCode::OK, &view))
}

/// The answer.
#[derive(Deserialize)]
struct ConfirmBody {
    form_token: String,
    code: SecretString,
}

/// `POST /settings/email/confirm`
async fn confirm(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ConfirmBody>) -> Answer {
    visit.check(&body.form_token)?;
    let (status, proved, problem) = match accounts.confirm_email(&body.code).await {
        Ok(email) => (StatusCode::OK, Some(email.to_string()), None),
        Err(error @ (AccountError::ProofInvalid | AccountError::EmailTaken)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, None, Some(sentence(error.message())))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(visit.form_page(status, &ConfirmPage { shell: visit.shell("profile"), code: "", proved, problem }))
}
