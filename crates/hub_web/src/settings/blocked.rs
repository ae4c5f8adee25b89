//! `/settings/blocked`: whom a person has blocked, and the organisations that they administer.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::Accounts;
use hub_community::Community;
use hub_core::{Code, NamespaceName, OrgRole, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/settings/blocked").to(show)).route(post("/settings/blocked").to(change))
}

#[derive(Template)]
#[template(path = "settings/blocked/page.html")]
struct BlockedPage {
    shell: Shell,
    /// Who blocks, and whom.
    owners: Vec<(String, Vec<String>)>,
    problem: Option<String>,
}

/// `GET /settings/blocked`
async fn show(visit: Visit, State(community): State<Community>, State(accounts): State<Accounts>) -> Answer {
    blocked_page(&visit, &community, &accounts, StatusCode::OK, None).await
}

async fn blocked_page(
    visit: &Visit,
    community: &Community,
    accounts: &Accounts,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let user = visit.person()?;
    let mut names = vec![user.name.clone()];
    let member = accounts.memberships(user.id).await?;
    names.extend(member.into_iter().filter(|one| one.role == OrgRole::Admin).map(|one| one.name));
    let mut owners = Vec::new();
    for name in names {
        let blocked = community.blocked(&visit.caller, Some(&name)).await?;
        owners.push((name.to_string(), blocked.into_iter().map(|person| person.name.to_string()).collect()));
    }
    Ok(visit.page(status, &BlockedPage { shell: visit.shell("blocked"), owners, problem }))
}

/// Who blocks whom, or no longer does.
#[derive(Deserialize)]
struct ChangeBody {
    form_token: String,
    #[serde(default)]
    owner: String,
    whom: String,
    on: bool,
}

/// `POST /settings/blocked`
async fn change(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<ChangeBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let missing = |_| PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let owner = Some(body.owner.as_str()).filter(|name| !name.is_empty());
    let owner = owner.map(str::parse::<NamespaceName>).transpose().map_err(missing)?;
    let whom: NamespaceName = body.whom.trim().parse().map_err(missing)?;
    match community.set_blocked(&visit.caller, owner.as_ref(), &whom, body.on).await {
        Ok(()) => Ok(go_to("/settings/blocked?done=saved")),
        Err(error) if is_mendable(&error) || error.code() == Code::NotFound => {
            let problem = Some(sentence(error.message()));
            blocked_page(&visit, &community, &accounts, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error.into()),
    }
}
