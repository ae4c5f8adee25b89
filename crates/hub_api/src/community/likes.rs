//! `POST|DELETE …/like`, `GET …/likers` and `GET /api/users/{name}/likes`.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, Namespace, NamespaceKind};
use hub_community::{Community, LikePlace, Liked};
use hub_core::{Access, Code, NamespaceName};
use hub_http::{
    AccessClass, ApiError, ApiRouter, Caller, Page, Paging, Path, PublicUrl, Query, RequestContext, delete, get, post,
};
use hub_repo::{Attention, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::community::discussions::{done, repo_view};
use crate::failure::Answer;

/// How many items a page has if nobody says.
const PAGE: usize = 100;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let of_repos = per_kind(|kind| {
        let (base, word) = (api_base(kind), kind.word());
        ApiRouter::new()
            .route(
                post(format!("{base}/like"))
                    .access(AccessClass::Propose)
                    .tag("likes")
                    .id(format!("like_{word}"))
                    .summary("Likes the repository")
                    .answer::<Value>()
                    .to(like),
            )
            .route(
                delete(format!("{base}/like"))
                    .access(AccessClass::Propose)
                    .tag("likes")
                    .id(format!("unlike_{word}"))
                    .summary("Takes a like back")
                    .answer::<Value>()
                    .to(unlike),
            )
            .route(
                get(format!("{base}/likers"))
                    .access(AccessClass::Read)
                    .tag("likes")
                    .id(format!("list_{word}_likers"))
                    .summary("Lists who likes the repository")
                    .query::<PageQuery>()
                    .answer::<Vec<PersonView>>()
                    .to(likers),
            )
    });
    of_repos.route(
        get("/api/users/{namespace}/likes")
            .access(AccessClass::Read)
            .tag("likes")
            .id("list_user_likes")
            .summary("Lists what a person likes")
            .query::<PageQuery>()
            .answer::<Vec<LikedView>>()
            .to(liked),
    )
}

/// `POST /api/{kind}s/{namespace}/{name}/like`
async fn like(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    context: RequestContext,
    at: At,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    community.like(&repo).await?;
    repo.notice(Attention::Like, context.client()).await;
    Ok(done())
}

/// `DELETE /api/{kind}s/{namespace}/{name}/like`
async fn unlike(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    community.unlike(&repo).await?;
    Ok(done())
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PageQuery {
    pub(super) limit: Option<usize>,
    pub(super) cursor: Option<String>,
}

impl PageQuery {
    fn place(&self) -> Result<Option<LikePlace>, ApiError> {
        let read = |text: &String| LikePlace::of_cursor(text).ok_or_else(bad_cursor);
        self.cursor.as_ref().map(read).transpose()
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE)
    }
}

pub(super) fn bad_cursor() -> ApiError {
    ApiError::bad_request("the `cursor` is none of this list: follow the link of the page before")
}

/// A person, or an organisation, in lists.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PersonView {
    #[serde(rename = "_id")]
    id: String,
    /// The name of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The name of an organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    fullname: String,
    avatar_url: String,
    r#type: &'static str,
    is_pro: bool,
}

impl PersonView {
    pub(super) fn of(public_url: &PublicUrl, person: Namespace) -> Self {
        let name = person.name.to_string();
        let (user, org) = match person.kind {
            NamespaceKind::User => (Some(name), None),
            NamespaceKind::Organization => (None, Some(name)),
        };
        Self {
            id: person.id.to_string(),
            user,
            name: org,
            fullname: person.full_name.to_string(),
            avatar_url: public_url.join(&person.avatar_path()),
            r#type: person.kind.word(),
            is_pro: false,
        }
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/likers`
async fn likers(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<PageQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<PersonView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let found = community.likers(&repo, query.place()?, query.limit()).await?;
    let views = found.items.into_iter().map(|person| PersonView::of(&public_url, person)).collect();
    Ok(paging.page(views, found.next.map(LikePlace::cursor)))
}

/// A repository that somebody likes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LikedView {
    created_at: String,
    repo: Value,
}

/// `GET /api/users/{namespace}/likes`
async fn liked(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
    Query(query): Query<PageQuery>,
    paging: Paging,
) -> Answer<Page<LikedView>> {
    let who = person(&accounts, &name, NamespaceKind::User).await?;
    let found = community.liked_by(&caller, who.id, query.place()?, query.limit()).await?;
    let view = |liked: Liked| LikedView { created_at: liked.at.to_string(), repo: repo_view(&liked.repo.addr) };
    Ok(paging.page(found.items.into_iter().map(view).collect(), found.next.map(LikePlace::cursor)))
}

/// The person or organisation of that name.
pub(super) async fn person(accounts: &Accounts, name: &NamespaceName, kind: NamespaceKind) -> Answer<Namespace> {
    let what = match kind {
        NamespaceKind::User => "user",
        NamespaceKind::Organization => "organization",
    };
    let found = accounts.namespace(name).await?.filter(|found| found.kind == kind);
    Ok(found.ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no {what} called {name}")))?)
}
