//! `…/settings`: who may know of a repository and read it, its name and owner, its end.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{Community, ReviewPolicy};
use hub_core::{Access, RepoAddr, RepoKind, UserError, Visibility};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm};
use hub_repo::{Gating, RepoError, Repos, SettingsChange};
use serde::Deserialize;

use super::{Opened, RepoHead, for_each_kind, get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::organizations::creatable;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    let admin = AccessClass::Admin;
    let router = for_each_kind(ApiRouter::new(), "/settings", |path| get(admin, path).to(show));
    let router = for_each_kind(router, "/settings", |path| post(admin, path).to(save));
    let router = for_each_kind(router, "/settings/reviews", |path| post(admin, path).to(set_reviews));
    let router = for_each_kind(router, "/settings/move", |path| post(admin, path).to(rename));
    for_each_kind(router, "/settings/delete", |path| post(admin, path).to(delete))
}

#[derive(Template)]
#[template(path = "repo/settings/page.html")]
struct SettingsPage {
    shell: Shell,
    head: RepoHead,
    description: String,
    visibility: &'static str,
    can_protect: bool,
    gating: &'static str,
    has_discussions: bool,
    owners: Vec<String>,
    repo_id: String,
    used_bytes: u64,
    reviews: ReviewPolicy,
    problem: Option<String>,
}

/// `GET …/settings`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Admin).await?;
    settings_page(&visit, &community, &opened, StatusCode::OK, None).await
}

async fn settings_page(
    visit: &Visit,
    community: &Community,
    opened: &Opened,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let state = opened.repo.state();
    let person = visit.person()?;
    let present = state.addr.namespace.to_string();
    let mut owners = vec![present.clone()];
    let others = std::iter::once(person.name.to_string()).chain(creatable(&person.memberships));
    owners.extend(others.filter(|name| *name != present));
    let view = SettingsPage {
        shell: visit.shell(state.addr.kind.plural()),
        head: opened.head("settings"),
        description: state.settings.description.clone().unwrap_or_default(),
        visibility: state.visibility.word(),
        can_protect: state.addr.kind == RepoKind::Space,
        gating: match state.gating {
            Gating::Open => "open",
            Gating::Auto => "auto",
            Gating::Manual => "manual",
        },
        has_discussions: !state.settings.discussions_disabled,
        owners,
        repo_id: state.addr.repo_id(),
        used_bytes: state.used_bytes,
        reviews: community.review_policy(&opened.repo).await?,
        problem,
    };
    Ok(visit.page(status, &view))
}

/// The filled form.
#[derive(Deserialize)]
struct SettingsBody {
    form_token: String,
    #[serde(default)]
    description: String,
    visibility: String,
    #[serde(default)]
    gating: String,
    #[serde(default)]
    discussions: bool,
}

/// `POST …/settings`
async fn save(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<SettingsBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Admin).await?;
    let change = SettingsChange {
        visibility: Visibility::from_word(&body.visibility),
        gating: match body.gating.as_str() {
            "open" => Some(Gating::Open),
            "auto" => Some(Gating::Auto),
            "manual" => Some(Gating::Manual),
            _ => None,
        },
        description: Some(body.description.trim().to_owned()),
        discussions_disabled: Some(!body.discussions),
    };
    let done = repos.change_settings(&opened.repo, &change).await;
    let to = format!("{}?done=saved", opened.head("settings").urls.settings());
    answer(&visit, &community, &opened, done.map(|()| to)).await
}

/// Leads on, or shows the settings with what went wrong.
async fn answer<E>(visit: &Visit, community: &Community, opened: &Opened, done: Result<String, E>) -> Answer
where
    E: UserError,
    PageError: From<E>,
{
    match done {
        Ok(to) => Ok(go_to(&to)),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            settings_page(visit, community, opened, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What is asked of reviews.
#[derive(Deserialize)]
struct ReviewsBody {
    form_token: String,
    approvals: u8,
    #[serde(default)]
    owners: bool,
    #[serde(default)]
    fresh: bool,
}

/// `POST …/settings/reviews`
async fn set_reviews(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<ReviewsBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Admin).await?;
    let policy = ReviewPolicy { approvals: body.approvals, code_owners: body.owners, fresh: body.fresh };
    let done = community.set_review_policy(&opened.repo, policy).await;
    let to = format!("{}?done=saved", opened.head("settings").urls.settings());
    answer(&visit, &community, &opened, done.map(|()| to)).await
}

/// Another owner or name.
#[derive(Deserialize)]
struct MoveBody {
    form_token: String,
    owner: String,
    name: String,
}

/// `POST …/settings/move`
async fn rename(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<MoveBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Admin).await?;
    let done = move_repo(&repos, &opened, &body).await;
    answer(&visit, &community, &opened, done).await
}

async fn move_repo(repos: &Repos, opened: &Opened, body: &MoveBody) -> Result<String, RepoError> {
    let invalid = |text: &str, reason: &dyn std::fmt::Display| {
        RepoError::Unprocessable(format!("invalid name {:?}: {reason}", text.trim()))
    };
    let to = RepoAddr {
        kind: opened.repo.addr().kind,
        namespace: body.owner.trim().parse().map_err(|reason| invalid(&body.owner, &reason))?,
        name: body.name.trim().parse().map_err(|reason| invalid(&body.name, &reason))?,
    };
    let moved = repos.rename(&opened.repo, to).await?;
    Ok(format!("/{}?done=moved", moved.url_path()))
}

/// The name again, as proof that it is meant.
#[derive(Deserialize)]
struct DeleteBody {
    form_token: String,
    confirm: String,
}

/// `POST …/settings/delete`
async fn delete(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<DeleteBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Admin).await?;
    let id = opened.repo.addr().repo_id();
    if body.confirm.trim() != id {
        let problem = Some(visit.words.fill("form.confirm.wrong", &[&id]));
        return settings_page(&visit, &community, &opened, StatusCode::UNPROCESSABLE_ENTITY, problem).await;
    }
    repos.delete(&opened.repo).await?;
    Ok(go_to(&format!("/{}?done=deleted", opened.repo.addr().namespace)))
}
