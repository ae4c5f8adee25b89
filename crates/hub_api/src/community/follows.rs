//! Who follows whom: `…/followers`, `…/following`, and following itself.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, NamespaceId, NamespaceKind};
use hub_community::{Community, FollowPage};
use hub_core::NamespaceName;
use hub_http::{AccessClass, ApiRouter, Caller, Page, Paging, Path, PublicUrl, Query, delete, get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::likes::{PageQuery, PersonView, bad_cursor, person};
use crate::ApiState;
use crate::community::discussions::done;
use crate::failure::Answer;

/// How many people a page has if nobody says.
const PAGE: usize = 500;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let list = |path: &'static str, id: &'static str, summary: &'static str| {
        get(path).access(AccessClass::Read).tag("follows").id(id).summary(summary).answer::<Vec<PersonView>>()
    };
    ApiRouter::new()
        .route(
            list("/api/users/{namespace}/followers", "list_user_followers", "Lists who follows a person")
                .query::<PageQuery>()
                .to(user_followers),
        )
        .route(
            list("/api/users/{namespace}/following", "list_user_following", "Lists whom a person follows")
                .query::<FollowingQuery>()
                .to(user_following),
        )
        .route(
            list("/api/organizations/{namespace}/followers", "list_org_followers", "Lists who follows an organisation")
                .query::<PageQuery>()
                .to(org_followers),
        )
        .merge(follow_routes("users", "user", "person"))
        .merge(follow_routes("organizations", "org", "organisation"))
}

fn follow_routes(plural: &str, word: &str, noun: &str) -> ApiRouter<ApiState> {
    let path = format!("/api/{plural}/{{namespace}}/follow");
    ApiRouter::new()
        .route(
            post(path.clone())
                .access(AccessClass::Login)
                .tag("follows")
                .id(format!("follow_{word}"))
                .summary(format!("Follows the {noun}"))
                .answer::<Value>()
                .to(follow),
        )
        .route(
            delete(path)
                .access(AccessClass::Login)
                .tag("follows")
                .id(format!("unfollow_{word}"))
                .summary(format!("No longer follows the {noun}"))
                .answer::<Value>()
                .to(unfollow),
        )
}

fn after(query: &PageQuery) -> Answer<Option<NamespaceId>> {
    let read = |text: &String| text.parse().map_err(|_| bad_cursor());
    Ok(query.cursor.as_ref().map(read).transpose()?)
}

fn page(found: FollowPage, public_url: &PublicUrl, paging: &Paging) -> Page<PersonView> {
    let views = found.people.into_iter().map(|person| PersonView::of(public_url, person)).collect();
    paging.page(views, found.next.map(|id| id.to_string()))
}

/// `GET /api/users/{namespace}/followers`
async fn user_followers(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    Query(query): Query<PageQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<PersonView>> {
    let of = person(&accounts, &name, NamespaceKind::User).await?;
    let found = community.followers(of.id, after(&query)?, query.limit.unwrap_or(PAGE)).await?;
    Ok(page(found, &public_url, &paging))
}

/// Whom of those that somebody follows.
#[derive(Deserialize, JsonSchema)]
struct FollowingQuery {
    limit: Option<usize>,
    cursor: Option<String>,
    /// Whether organisations are listed instead of people.
    #[serde(default)]
    orgs: bool,
}

/// `GET /api/users/{namespace}/following`
async fn user_following(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    Query(query): Query<FollowingQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<PersonView>> {
    let of = person(&accounts, &name, NamespaceKind::User).await?;
    let kind = if query.orgs { NamespaceKind::Organization } else { NamespaceKind::User };
    let query = PageQuery { limit: query.limit, cursor: query.cursor };
    let found = community.following(of.id, kind, after(&query)?, query.limit.unwrap_or(PAGE)).await?;
    Ok(page(found, &public_url, &paging))
}

/// `GET /api/organizations/{namespace}/followers`
async fn org_followers(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Path(name): Path<NamespaceName>,
    Query(query): Query<PageQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<PersonView>> {
    let of = person(&accounts, &name, NamespaceKind::Organization).await?;
    let found = community.followers(of.id, after(&query)?, query.limit.unwrap_or(PAGE)).await?;
    Ok(page(found, &public_url, &paging))
}

/// `POST /api/{users|organizations}/{namespace}/follow`
async fn follow(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
) -> Answer<Json<Value>> {
    set_follow(&community, &accounts, &caller, &name, true).await
}

/// `DELETE /api/{users|organizations}/{namespace}/follow`
async fn unfollow(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(name): Path<NamespaceName>,
) -> Answer<Json<Value>> {
    set_follow(&community, &accounts, &caller, &name, false).await
}

async fn set_follow(
    community: &Community,
    accounts: &Accounts,
    caller: &hub_account::Caller,
    name: &NamespaceName,
    on: bool,
) -> Answer<Json<Value>> {
    let whom = match accounts.namespace(name).await? {
        Some(found) => found,
        None => person(accounts, name, NamespaceKind::User).await?,
    };
    community.follow(caller, &whom, on).await?;
    Ok(done())
}
