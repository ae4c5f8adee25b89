//! `GET /api/collections` and `GET /api/collections/{namespace}/{slug}`.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, NamespaceId};
use hub_community::{
    CollectionPlace, CollectionQuery, CollectionSort, CollectionView, Community, Held, ItemView, Shown,
};
use hub_core::{Access, NamespaceName, RepoAddr, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Page, Paging, Path, PublicUrl, Query, get};
use hub_repo::Repos;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ONE, SlugPath};
use crate::ApiState;
use crate::community::likes::bad_cursor;
use crate::community::people::person_view;
use crate::failure::Answer;
use crate::repos::view::gated_word;

/// How many collections a page has if nobody says.
const PAGE: usize = 10;
/// By how many items one can ask.
const ITEMS_MAX: usize = 100;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            get("/api/collections")
                .access(AccessClass::Read)
                .tag("collections")
                .id("list_collections")
                .summary("Lists collections, each with its first items")
                .query::<ListQuery>()
                .answer::<Vec<Value>>()
                .to(list),
        )
        .route(
            get(ONE)
                .access(AccessClass::Read)
                .tag("collections")
                .id("get_collection")
                .summary("Shows a collection with what is in it")
                .answer::<Value>()
                .to(one),
        )
}

/// Which collections.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    /// Of these people or organisations.
    #[serde(default)]
    owner: Vec<String>,
    /// That hold this: `models/{namespace}/{name}`, `papers/{id}`.
    #[serde(default)]
    item: Vec<String>,
    /// A text in the title or description.
    q: Option<String>,
    /// `lastModified`, `trending` or `upvotes`.
    sort: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// `GET /api/collections`
async fn list(
    State(repos): State<Repos>,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<Value>> {
    let mut wanted = CollectionQuery {
        search: query.q.filter(|text| !text.is_empty() && !text.contains('\0')),
        sort: match query.sort.as_deref() {
            None | Some("lastModified" | "") => CollectionSort::Changed,
            Some("upvotes" | "trending") => CollectionSort::Upvotes,
            Some(_) => {
                return Err(ApiError::bad_request("`sort` is one of lastModified, trending, upvotes").into());
            }
        },
        after: query.cursor.map(|text| CollectionPlace::of_cursor(&text).ok_or_else(bad_cursor)).transpose()?,
        limit: query.limit.unwrap_or(PAGE),
        ..CollectionQuery::default()
    };
    for owner in &query.owner {
        match owners(&accounts, owner).await? {
            Some(id) => wanted.owners.push(id),
            None => return Ok(paging.page(Vec::new(), None)),
        }
    }
    for item in &query.item {
        match item.strip_prefix("papers/") {
            Some(paper) => wanted.holding.push(Held::Paper(paper.to_owned())),
            None => {
                let addr = addr_of(item).ok_or_else(|| {
                    ApiError::bad_request("`item` is models/{namespace}/{name}, datasets/…, spaces/… or papers/{id}")
                })?;
                if let Ok(repo) = repos.open(&caller, &addr, Access::Metadata).await {
                    wanted.holding.push(Held::Repo(repo.id()));
                }
            }
        }
    }
    if wanted.holding.is_empty() && !query.item.is_empty() || wanted.holding.len() > ITEMS_MAX {
        return Ok(paging.page(Vec::new(), None));
    }
    let found = community.collections(&caller, &wanted).await?;
    let views = found.collections.iter().map(|one| view(&public_url, one, false)).collect();
    Ok(paging.page(views, found.next.map(CollectionPlace::cursor)))
}

async fn owners(accounts: &Accounts, name: &str) -> Answer<Option<NamespaceId>> {
    let Ok(name) = name.parse::<NamespaceName>() else { return Ok(None) };
    Ok(accounts.namespace(&name).await?.map(|found| found.id))
}

/// The repository that a list names: `models/namespace/name`.
fn addr_of(item: &str) -> Option<RepoAddr> {
    let (plural, rest) = item.split_once('/')?;
    let kind = RepoKind::ALL.into_iter().find(|kind| kind.plural() == plural)?;
    repo_addr(kind, rest)
}

/// `namespace/name` as an address.
pub(in crate::community) fn repo_addr(kind: RepoKind, id: &str) -> Option<RepoAddr> {
    let (namespace, name) = id.split_once('/')?;
    Some(RepoAddr { kind, namespace: namespace.parse().ok()?, name: name.parse().ok()? })
}

/// `GET /api/collections/{namespace}/{slug}`
async fn one(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
    public_url: PublicUrl,
) -> Answer<Json<Value>> {
    let found = community.collection(&caller, path.id()?).await?;
    Ok(Json(view(&public_url, &found, true)))
}

/// A collection. Lists number their items by themselves, so there the place is left out.
pub(super) fn view(public_url: &PublicUrl, found: &CollectionView, with_position: bool) -> Value {
    let collection = &found.collection;
    let items: Vec<Value> = found.items.iter().map(|item| item_view(public_url, item)).collect();
    let slug = format!("{}/{}", found.owner.name, collection.slug());
    let mut view = json!({
        "slug": slug,
        "title": collection.title,
        "description": collection.description,
        "lastUpdated": collection.changed.to_string(),
        "gating": false,
        "owner": person_view(public_url, &found.owner),
        "items": items,
        "theme": collection.theme,
        "private": collection.private,
        "upvotes": collection.upvotes,
        "isUpvotedByUser": found.is_upvoted,
        "shareUrl": public_url.join(&format!("/collections/{slug}")),
    });
    if let Some(object) = view.as_object_mut().filter(|_| collection.description.is_empty()) {
        object.remove("description");
    }
    if with_position {
        view["position"] = collection.position.into();
    }
    view
}

fn item_view(public_url: &PublicUrl, item: &ItemView) -> Value {
    let mut view = match &item.shown {
        Shown::Repo(repo) => json!({
            "id": repo.addr.repo_id(),
            "type": repo.addr.kind.word(),
            "repoType": repo.addr.kind.word(),
            "author": repo.addr.namespace.as_str(),
            "likes": repo.likes,
            "downloads": repo.downloads,
            "lastModified": repo.modified.to_string(),
            "private": repo.visibility.is_hidden(),
            "gated": gated_word(repo.gating),
        }),
        Shown::Paper(id) => json!({ "id": id, "type": "paper", "title": id }),
        Shown::Collection(inner, owner) => json!({
            "id": inner.id.wire(),
            "type": "collection",
            "slug": format!("{}/{}", owner.name, inner.slug()),
            "title": inner.title,
            "description": inner.description,
            "lastUpdated": inner.changed.to_string(),
            "owner": person_view(public_url, owner),
            "theme": inner.theme,
            "upvotes": inner.upvotes,
        }),
    };
    view["_id"] = item.id.wire().into();
    view["position"] = item.position.into();
    if !item.note.is_empty() {
        view["note"] = json!({ "text": item.note, "html": crate::community::discussions::inline_html_of(&item.note) });
    }
    view
}
