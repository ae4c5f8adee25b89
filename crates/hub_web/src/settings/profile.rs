//! `/settings/profile`: the name that is shown, the address of mail, the organisations of a person.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, Membership, User};
use hub_core::{NamespaceName, UserError};
use hub_http::{ApiRouter, JsonOrForm};
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
    Ok(profile_page(&visit, StatusCode::OK, user, (&full_name, &email), None))
}

fn email_of(user: &User) -> String {
    user.email.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn profile_page(
    visit: &Visit,
    status: StatusCode,
    user: User,
    (full_name, email): (&str, &str),
    problem: Option<String>,
) -> axum::response::Response {
    let line = |membership: &Membership| MembershipLine {
        name: membership.name.to_string(),
        role: visit.words.find(&format!("role.{}", membership.role.word())).unwrap_or(membership.role.word()),
    };
    let memberships = visit.caller.user().map(|user| user.memberships.iter().map(line).collect()).unwrap_or_default();
    visit.page(status, &ProfilePage { shell: visit.shell("profile"), user, full_name, email, memberships, problem })
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
        Ok(()) => Ok(go_to("/settings/profile?done=saved")),
        Err(error) if is_mendable(&error) => {
            let user = accounts.user(visit.by(), name).await?;
            let problem = Some(sentence(error.message()));
            let fields = (body.full_name.as_str(), body.email.as_str());
            Ok(profile_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, user, fields, problem))
        }
        Err(error) => Err(error.into()),
    }
}

async fn set_profile(
    visit: &Visit,
    accounts: &Accounts,
    name: &NamespaceName,
    body: &ProfileBody,
) -> Result<(), AccountError> {
    let full_name = body.full_name.parse()?;
    let email = Some(body.email.trim()).filter(|email| !email.is_empty()).map(str::parse).transpose()?;
    accounts.set_profile(visit.by(), name, Some(&full_name), email.as_ref()).await
}
