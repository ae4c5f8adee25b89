//! `GET /{namespace}`: a person or an organisation, and what they publish.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, NamespaceKind, PageQuery, Profile, wire_id};
use hub_community::{Community, FollowCounts, PieceKind, PieceQuery, Watched};
use hub_core::{Code, NamespaceName, OrgRole, RepoKind, Timestamp};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Path, get, post};
use hub_repo::{ListQuery, Repos, SortKey};
use serde::Deserialize;

use crate::WebState;
use crate::catalog::title_of;
use crate::error::{Answer, PageError};
use crate::page::go_to;
use crate::pieces::PieceView;
use crate::repo_list::RepoLine;
use crate::settings::kind_shown;
use crate::shell::Shell;
use crate::visit::Visit;

/// Repositories of each kind on the page.
const SHOWN: usize = 100;
/// Posts and articles that the page shows of each.
const PIECES: usize = 5;
/// Members that the page shows.
const MEMBERS: usize = 40;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/{namespace}").access(AccessClass::Read).undocumented().to(show))
        .route(post("/settings/follow").access(AccessClass::Login).undocumented().to(follow))
}

#[derive(Template)]
#[template(path = "profile/page.html")]
struct ProfilePage {
    shell: Shell,
    name: String,
    full_name: String,
    is_org: bool,
    since: Timestamp,
    members: Option<u64>,
    faces: Vec<String>,
    organizations: Vec<String>,
    sections: Vec<Section>,
    /// What they wrote: heading, address of the list, and the latest.
    writings: Vec<(&'static str, String, Vec<PieceView>)>,
    can_create: bool,
    follows: FollowCounts,
    can_follow: bool,
    is_watched: bool,
    watch_kind: &'static str,
    watch_id: String,
    settings: Option<String>,
    profile: Profile,
    /// What kind of house, in the reader's language.
    house_kind: Option<&'static str>,
}

/// The repositories of one kind.
struct Section {
    title: &'static str,
    icon: &'static str,
    repos: Vec<RepoLine>,
}

/// `GET /{namespace}`
async fn show(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Path(name): Path<String>,
) -> Answer {
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let name: NamespaceName = name.parse().map_err(|_| missing())?;
    let Some(space) = accounts.namespace(&name).await? else {
        let now = accounts.renamed(&name).await?.ok_or_else(missing)?;
        return Err(PageError::Moved { to: format!("/{}", now.name) });
    };
    let is_org = space.kind == NamespaceKind::Organization;
    let mut sections = Vec::new();
    for kind in RepoKind::ALL {
        let query = ListQuery {
            author: Some(space.name.to_string()),
            sort: SortKey::Modified,
            limit: SHOWN,
            ..ListQuery::of(kind)
        };
        let found = repos.list(&visit.caller, &query).await?;
        if !found.repos.is_empty() {
            let repos = found.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect();
            sections.push(Section { title: visit.words.get(title_of(kind)), icon: kind.word(), repos });
        }
    }
    let (mut members, mut faces, mut organizations) = (None, Vec::new(), Vec::new());
    let role = visit.caller.role_in(space.id);
    if is_org {
        members = Some(accounts.organization(&space.name).await?.members);
        if role.is_some() || visit.caller.is_instance_admin() {
            let page = PageQuery { after: None, limit: Some(MEMBERS) };
            let found = accounts.members(visit.by(), &space.name, &page).await?;
            faces = found.items.into_iter().map(|member| member.name.to_string()).collect();
        }
    } else {
        organizations =
            accounts.memberships(space.id).await?.into_iter().map(|membership| membership.name.to_string()).collect();
    }
    let mut writings = Vec::new();
    for (kind, title) in [(PieceKind::Post, "post.title"), (PieceKind::Article, "blog.title")] {
        let query = PieceQuery { kind, of: Some(space.id), after: None, limit: PIECES };
        let found = community.pieces(&visit.caller, &query).await?;
        if !found.lines.is_empty() {
            let lines = PieceView::all_of(&visit, &community, &found).await?;
            writings.push((visit.words.get(title), format!("/{}?author={}", kind.root(), space.name), lines));
        }
    }
    let settings = match (is_org, role) {
        (true, Some(_)) => Some(format!("/organizations/{}/settings", space.name)),
        (false, Some(_)) => Some("/settings/profile".to_owned()),
        (_, None) => None,
    };
    let profile = accounts.profile(&space).await?;
    let watched = Watched::of_namespace(space.kind, space.id);
    let view = ProfilePage {
        is_watched: community.is_watching(&visit.caller, watched).await?,
        watch_kind: watched.word(),
        watch_id: wire_id(watched.key()),
        shell: visit.shell("people"),
        full_name: space.full_name.to_string(),
        since: space.created_at,
        follows: community.follow_counts(&visit.caller, space.id).await?,
        can_follow: visit.caller.user().is_some_and(|user| user.id != space.id),
        can_create: role >= Some(OrgRole::Contributor),
        name: space.name.to_string(),
        is_org,
        members,
        faces,
        organizations,
        sections,
        writings,
        settings,
        house_kind: profile.kind.map(|kind| kind_shown(&visit, kind)),
        profile,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// Whom somebody follows, or no longer does.
#[derive(Deserialize)]
struct FollowBody {
    form_token: String,
    whom: String,
    on: bool,
}

/// `POST /settings/follow`
async fn follow(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(community): State<Community>,
    JsonOrForm(body): JsonOrForm<FollowBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let name: NamespaceName = body.whom.parse().map_err(|_| missing())?;
    let whom = accounts.namespace(&name).await?.ok_or_else(missing)?;
    community.follow(&visit.caller, &whom, body.on).await?;
    Ok(go_to(&format!("/{}", whom.name)))
}
