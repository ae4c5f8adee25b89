//! What everyone may know of a person or an organisation, the members of an organisation, and pictures.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub_account::{Accounts, By, Caller as Asking, Member, Namespace, NamespaceKind, PageQuery};
use hub_core::{Code, NamespaceName, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Page, Paging, Path, PublicUrl, Query, get};
use hub_repo::{ListQuery, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::failure::Answer;

/// Repositories that are counted at a time.
const CHUNK: usize = 1000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            get("/api/users/{namespace}/overview")
                .access(AccessClass::Read)
                .tag("accounts")
                .summary("Tells what everyone may know of a person")
                .answer::<UserView>()
                .to(user_overview),
        )
        .route(
            get("/api/organizations/{namespace}/overview")
                .access(AccessClass::Read)
                .tag("accounts")
                .summary("Tells what everyone may know of an organisation")
                .answer::<OrgView>()
                .to(org_overview),
        )
        .route(
            get("/api/organizations/{namespace}/members")
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Lists the members of an organisation, for its members")
                .query::<MembersQuery>()
                .answer::<Vec<MemberView>>()
                .to(members),
        )
        .route(
            get("/avatars/{file}")
                .access(AccessClass::Public)
                .summary("Draws the picture of a name")
                .undocumented()
                .to(avatar),
        )
}

/// How many repositories of each kind the caller may see.
#[derive(Default)]
struct Counts {
    models: usize,
    datasets: usize,
    spaces: usize,
}

/// A person.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserView {
    #[serde(rename = "_id")]
    id: String,
    user: String,
    fullname: String,
    avatar_url: String,
    r#type: &'static str,
    is_pro: bool,
    is_following: bool,
    num_models: usize,
    num_datasets: usize,
    num_spaces: usize,
    num_discussions: usize,
    num_papers: usize,
    num_upvotes: usize,
    num_likes: usize,
    num_following: usize,
    num_followers: usize,
    created_at: String,
}

/// `GET /api/users/{namespace}/overview`
async fn user_overview(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    public_url: PublicUrl,
) -> Answer<Json<UserView>> {
    let found = find(&accounts, &name, NamespaceKind::User).await?;
    let counts = count(&repos, &caller, &found).await?;
    Ok(Json(UserView {
        id: found.id.to_string(),
        avatar_url: public_url.join(&found.avatar_path()),
        user: found.name.to_string(),
        fullname: found.full_name.to_string(),
        r#type: "user",
        is_pro: false,
        is_following: false,
        num_models: counts.models,
        num_datasets: counts.datasets,
        num_spaces: counts.spaces,
        num_discussions: 0,
        num_papers: 0,
        num_upvotes: 0,
        num_likes: 0,
        num_following: 0,
        num_followers: 0,
        created_at: found.created_at.to_string(),
    }))
}

/// An organisation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OrgView {
    #[serde(rename = "_id")]
    id: String,
    name: String,
    fullname: String,
    avatar_url: String,
    r#type: &'static str,
    is_verified: bool,
    is_following: bool,
    num_models: usize,
    num_datasets: usize,
    num_spaces: usize,
    num_followers: usize,
    plan: &'static str,
    created_at: String,
}

/// `GET /api/organizations/{namespace}/overview`
async fn org_overview(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    public_url: PublicUrl,
) -> Answer<Json<OrgView>> {
    let found = find(&accounts, &name, NamespaceKind::Organization).await?;
    let counts = count(&repos, &caller, &found).await?;
    Ok(Json(OrgView {
        id: found.id.to_string(),
        avatar_url: public_url.join(&found.avatar_path()),
        name: found.name.to_string(),
        fullname: found.full_name.to_string(),
        r#type: "org",
        is_verified: false,
        is_following: false,
        num_models: counts.models,
        num_datasets: counts.datasets,
        num_spaces: counts.spaces,
        num_followers: 0,
        plan: "free",
        created_at: found.created_at.to_string(),
    }))
}

async fn find(accounts: &Accounts, name: &NamespaceName, kind: NamespaceKind) -> Answer<Namespace> {
    let found = accounts.namespace(name).await?.filter(|found| found.kind == kind);
    let what = match kind {
        NamespaceKind::User => "user",
        NamespaceKind::Organization => "organization",
    };
    found.ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no {what} called {name}")).into())
}

async fn count(repos: &Repos, caller: &Asking, owner: &Namespace) -> Answer<Counts> {
    Ok(Counts {
        models: count_kind(repos, caller, owner, RepoKind::Model).await?,
        datasets: count_kind(repos, caller, owner, RepoKind::Dataset).await?,
        spaces: count_kind(repos, caller, owner, RepoKind::Space).await?,
    })
}

async fn count_kind(repos: &Repos, caller: &Asking, owner: &Namespace, kind: RepoKind) -> Answer<usize> {
    let mut query = ListQuery { author: Some(owner.name.to_string()), limit: CHUNK, ..ListQuery::of(kind) };
    let mut total = 0;
    loop {
        let page = repos.list(caller, &query).await?;
        total += page.repos.len();
        query.after = page.next;
        if query.after.is_none() {
            return Ok(total);
        }
    }
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct MembersQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// A member of an organisation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    #[serde(rename = "_id")]
    id: String,
    user: String,
    fullname: String,
    avatar_url: String,
    r#type: &'static str,
    role: &'static str,
    is_pro: bool,
}

/// `GET /api/organizations/{namespace}/members`
async fn members(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    Query(query): Query<MembersQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<MemberView>> {
    let page = PageQuery { after: query.cursor, limit: query.limit };
    let found = accounts.members(By::Caller(&caller), &name, &page).await?;
    let view = |member: Member| MemberView {
        id: member.id.to_string(),
        avatar_url: public_url.join(&format!("/avatars/{}.svg", member.name)),
        user: member.name.to_string(),
        fullname: member.full_name.to_string(),
        r#type: "user",
        role: member.role.word(),
        is_pro: false,
    };
    Ok(paging.page(found.items.into_iter().map(view).collect(), found.next))
}

/// `GET /avatars/{name}.svg`: the first letter on a colour that the name decides. Any name has one, so that the picture
/// tells nobody who exists.
async fn avatar(Path(file): Path<String>) -> Answer<Response> {
    let missing = || ApiError::new(Code::NotFound, "pictures are called {name}.svg");
    let name: NamespaceName = file.strip_suffix(".svg").and_then(|name| name.parse().ok()).ok_or_else(missing)?;
    let hue = name.key().bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 360;
    let letter = name.as_str().chars().next().unwrap_or('?').to_ascii_uppercase();
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" \
         fill=\"hsl({hue} 45% 40%)\"/><text x=\"32\" y=\"43\" font-family=\"sans-serif\" font-size=\"32\" \
         fill=\"#fff\" text-anchor=\"middle\">{letter}</text></svg>"
    );
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((headers, svg).into_response())
}
