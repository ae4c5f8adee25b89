//! `/admin`: people (made by invitation, closed, helped to a new password), and what this Hearth holds.

mod audit;
mod house;
mod jobs;
mod organizations;
mod reports;
mod storage;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{AccountError, Accounts, Email, InvitationId, PageQuery, User};
use hub_core::{Code, NamespaceName, Timestamp, UserError};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query, RouteDraft};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// People on a page of the list.
const PAGE: usize = 50;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/admin").to(people))
        .route(post("/admin/people").to(change))
        .route(get("/admin/invitations").to(invitations))
        .route(post("/admin/invitations").to(invite))
        .route(post("/admin/invitations/withdraw").to(withdraw))
        .merge(organizations::routes())
        .merge(storage::routes())
        .merge(jobs::routes())
        .merge(audit::routes())
        .merge(reports::routes())
        .merge(house::routes())
}

fn get(path: &str) -> RouteDraft {
    hub_http::get(path).access(AccessClass::SiteAdmin).undocumented()
}

fn post(path: &str) -> RouteDraft {
    hub_http::post(path).access(AccessClass::SiteAdmin).undocumented()
}

/// Which of them.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PeopleQuery {
    q: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct PeoplePage {
    shell: Shell,
    search: String,
    people: Vec<User>,
    next: Option<String>,
    /// A link that was just made, for whom.
    link: Option<(String, String)>,
    problem: Option<String>,
}

/// `GET /admin`
async fn people(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<PeopleQuery>) -> Answer {
    people_page(&visit, &accounts, StatusCode::OK, query, None, None).await
}

async fn people_page(
    visit: &Visit,
    accounts: &Accounts,
    status: StatusCode,
    query: PeopleQuery,
    link: Option<(String, String)>,
    problem: Option<String>,
) -> Answer {
    visit.administers()?;
    let search: String = query.q.trim().chars().filter(|c| !c.is_control()).collect();
    let page = PageQuery { after: query.after, limit: Some(PAGE) };
    let found = accounts.users(visit.by(), &search, &page).await?;
    let next = found.next.map(|after| format!("/admin?q={}&after={}", escape_value(&search), escape_value(&after)));
    let view = PeoplePage { shell: visit.shell("admin-people"), search, people: found.items, next, link, problem };
    Ok(visit.page(status, &view))
}

/// A person and what becomes of them.
#[derive(Deserialize)]
struct ChangeBody {
    form_token: String,
    name: String,
    action: String,
}

/// `POST /admin/people`
async fn change(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<ChangeBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.administers()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let name: NamespaceName = body.name.parse().map_err(|_| missing())?;
    let query = PeopleQuery { q: name.to_string(), after: None };
    match act(&visit, &accounts, &name, &body.action).await {
        Ok(Some(link)) => {
            let link = Some((name.to_string(), link));
            people_page(&visit, &accounts, StatusCode::OK, query, link, None).await
        }
        Ok(None) => Ok(go_to(&format!("/admin?q={name}&done=saved"))),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            people_page(&visit, &accounts, StatusCode::UNPROCESSABLE_ENTITY, query, None, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Does what was asked; gives the link, if that is what was asked for.
async fn act(
    visit: &Visit,
    accounts: &Accounts,
    name: &NamespaceName,
    action: &str,
) -> Result<Option<String>, AccountError> {
    match action {
        "reset" => {
            let reset = accounts.issue_password_reset(visit.by(), name).await?;
            return Ok(Some(visit.url.join(&format!("/login/reset?code={}", reset.code.reveal()))));
        }
        "disable" => accounts.set_disabled(visit.by(), name, true).await?,
        "enable" => accounts.set_disabled(visit.by(), name, false).await?,
        "promote" => accounts.set_admin(visit.by(), name, true).await?,
        "demote" => accounts.set_admin(visit.by(), name, false).await?,
        "drop-factor" => {
            let user = accounts.user(visit.by(), name).await?;
            accounts.drop_second_factor(visit.by(), user.id, None).await?;
        }
        _ => {}
    }
    Ok(None)
}

#[derive(Template)]
#[template(path = "admin/invitations.html")]
struct InvitationsPage {
    shell: Shell,
    invitations: Vec<InvitationLine>,
    link: Option<String>,
    problem: Option<String>,
}

/// An invitation that can still be used.
struct InvitationLine {
    id: String,
    email: Option<String>,
    by: Option<String>,
    created: Timestamp,
    ends: Timestamp,
}

/// `GET /admin/invitations`
async fn invitations(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    invitations_page(&visit, &accounts, StatusCode::OK, None, None).await
}

async fn invitations_page(
    visit: &Visit,
    accounts: &Accounts,
    status: StatusCode,
    link: Option<String>,
    problem: Option<String>,
) -> Answer {
    visit.administers()?;
    let line = |invitation: hub_account::Invitation| InvitationLine {
        id: invitation.id.to_string(),
        email: invitation.email.map(|email| email.to_string()),
        by: invitation.created_by.map(|name| name.to_string()),
        created: invitation.created_at,
        ends: invitation.expires_at,
    };
    let invitations = accounts.invitations(visit.by()).await?.into_iter().map(line).collect();
    Ok(visit.page(status, &InvitationsPage { shell: visit.shell("admin-invitations"), invitations, link, problem }))
}

/// For whom.
#[derive(Deserialize)]
struct InviteBody {
    form_token: String,
    #[serde(default)]
    email: String,
}

/// `POST /admin/invitations`
async fn invite(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<InviteBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.administers()?;
    let email = Some(body.email.trim()).filter(|email| !email.is_empty()).map(str::parse::<Email>).transpose();
    let made = match email {
        Ok(email) => accounts.invite(visit.by(), email.as_ref(), None).await,
        Err(error) => Err(error.into()),
    };
    match made {
        Ok(made) => {
            let link = visit.url.join(&format!("/join?invitation={}", made.code.reveal()));
            invitations_page(&visit, &accounts, StatusCode::OK, Some(link), None).await
        }
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            invitations_page(&visit, &accounts, StatusCode::UNPROCESSABLE_ENTITY, None, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Which invitation.
#[derive(Deserialize)]
struct WithdrawBody {
    form_token: String,
    id: String,
}

/// `POST /admin/invitations/withdraw`
async fn withdraw(
    visit: Visit,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<WithdrawBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.administers()?;
    let id: InvitationId =
        body.id.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))?;
    accounts.withdraw_invitation(visit.by(), id).await?;
    Ok(go_to("/admin/invitations?done=withdrawn"))
}
