//! Buckets as wholes: created, described, listed, configured, deleted.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, wire_id};
use hub_core::{Access, Code, NamespaceName, RepoKind};
use hub_http::{
    AccessClass, ApiError, ApiRouter, Caller, JsonBody, Page, Paging, Path, PublicUrl, Query, delete, get, post, put,
};
use hub_repo::{BucketTotals, BucketsQuery, ListCursor, NewRepo, RepoError, RepoState, Repos, SettingsChange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::At;
use crate::buckets::{API, ME, TAG, addressed, open};
use crate::failure::{Answer, Failed};
use crate::wire::{Done, VisibilityWord, visibility};

/// Buckets of a page.
const PAGE: usize = 1000;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            post(API)
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Creates a bucket")
                .body::<CreateBody>()
                .answer::<CreatedView>()
                .to(create_bucket),
        )
        .route(
            get(API)
                .access(AccessClass::Read)
                .tag(TAG)
                .summary("Tells of a bucket and what it holds in all")
                .answer::<BucketView>()
                .to(get_bucket),
        )
        .route(
            delete(API)
                .access(AccessClass::Admin)
                .tag(TAG)
                .summary("Deletes a bucket with all its files")
                .answer::<Done>()
                .to(delete_bucket),
        )
        .route(
            put(format!("{API}/settings"))
                .access(AccessClass::Admin)
                .tag(TAG)
                .summary("Changes who may see a bucket")
                .body::<SettingsBody>()
                .answer::<SettingsView>()
                .to(change_bucket_settings),
        )
        .route(
            get("/api/buckets/{namespace}")
                .access(AccessClass::Read)
                .tag(TAG)
                .summary("Lists the buckets of a person or organization")
                .query::<ListParams>()
                .answer::<Vec<BucketView>>()
                .to(list_buckets),
        )
}

/// What is asked of a new bucket.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default, rename_all = "camelCase")]
struct CreateBody {
    visibility: Option<VisibilityWord>,
    private: Option<bool>,
    /// A group of the organization to which the bucket shall belong; there are none here.
    resource_group_id: Option<String>,
    /// Where the bucket shall lie: everything lies in one place here, whatever is asked for.
    region: Option<RegionWord>,
}

/// Where repositories can lie on hubs that have several places.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RegionWord {
    Us,
    Eu,
}

/// Where the bucket is.
#[derive(Serialize, JsonSchema)]
struct CreatedView {
    url: String,
    name: String,
    id: String,
}

/// `POST /api/buckets/{namespace}/{name}`
async fn create_bucket(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<CreateBody>,
) -> Answer<Json<CreatedView>> {
    if let Some(group) = body.resource_group_id {
        let message = format!("there is no resource group {group:?}: create the bucket without one");
        return Err(ApiError::new(Code::NotFound, message).into());
    }
    // Every place is the one place.
    let (None | Some(RegionWord::Us | RegionWord::Eu)) = body.region;
    let addr = addressed(&caller, &at);
    let new = NewRepo {
        kind: RepoKind::Bucket,
        namespace: Some(addr.namespace),
        name: addr.name,
        visibility: visibility(body.visibility, body.private),
        sdk: None,
        license: None,
        files: Vec::new(),
    };
    let repo = repos.create(&caller, new).await.map_err(|error| Failed::creating(&public_url, error))?;
    Ok(Json(CreatedView {
        url: public_url.join(&format!("/{}", repo.addr().url_path())),
        name: repo.addr().repo_id(),
        id: wire_id(repo.id().key()),
    }))
}

/// A bucket and what it holds in all.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BucketView {
    author: String,
    /// `namespace/name`
    id: String,
    private: bool,
    created_at: String,
    updated_at: String,
    /// The bytes of all files.
    size: u64,
    total_files: u64,
    repo_type: &'static str,
    /// Places in which copies are kept for faster downloads; there are none here.
    cdn_regions: [(); 0],
}

impl BucketView {
    fn new(state: &RepoState, totals: BucketTotals) -> Self {
        Self {
            author: state.addr.namespace.to_string(),
            id: state.addr.repo_id(),
            private: state.visibility.is_hidden(),
            created_at: state.created.to_string(),
            updated_at: state.modified.to_string(),
            size: totals.size_bytes,
            total_files: totals.files,
            repo_type: RepoKind::Bucket.word(),
            cdn_regions: [],
        }
    }
}

/// `GET /api/buckets/{namespace}/{name}`
async fn get_bucket(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<BucketView>> {
    let bucket = open(&repos, &caller, &at, Access::Metadata).await?;
    let totals = bucket.totals().await?;
    Ok(Json(BucketView::new(bucket.repo().state(), totals)))
}

/// `DELETE /api/buckets/{namespace}/{name}`
async fn delete_bucket(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<Done>> {
    let bucket = open(&repos, &caller, &at, Access::Admin).await?;
    repos.delete(bucket.repo()).await?;
    Ok(Json(Done {}))
}

/// Which settings shall change; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingsBody {
    visibility: Option<VisibilityWord>,
    private: Option<bool>,
}

/// The settings after the change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingsView {
    private: bool,
    cdn_regions: [(); 0],
}

/// `PUT /api/buckets/{namespace}/{name}/settings`
async fn change_bucket_settings(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<SettingsBody>,
) -> Answer<Json<SettingsView>> {
    let bucket = open(&repos, &caller, &at, Access::Admin).await?;
    let wanted = visibility(body.visibility, body.private);
    let change = SettingsChange { visibility: wanted, ..SettingsChange::default() };
    repos.change_settings(bucket.repo(), &change).await?;
    let visibility = wanted.unwrap_or(bucket.repo().state().visibility);
    Ok(Json(SettingsView { private: visibility.is_hidden(), cdn_regions: [] }))
}

/// Which buckets.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct ListParams {
    /// A text that each name must hold.
    search: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// `GET /api/buckets/{namespace}`
async fn list_buckets(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(namespace): Path<String>,
    Query(query): Query<ListParams>,
    paging: Paging,
) -> Answer<Page<BucketView>> {
    let missing = || ApiError::new(Code::NotFound, format!("there is no user or organization called {namespace:?}"));
    let owner = if namespace == ME {
        let user = caller.user().ok_or(RepoError::NeedsLogin)?;
        user.name.clone()
    } else {
        let name: NamespaceName = namespace.parse().map_err(|_| missing())?;
        accounts.namespace(&name).await?.ok_or_else(missing)?.name
    };
    let after = query.cursor.as_deref().map(|text| {
        ListCursor::from_text(text).ok_or_else(|| ApiError::bad_request("`cursor` is not one that this list has given"))
    });
    let (search, limit) = (query.search, query.limit.unwrap_or(PAGE).clamp(1, PAGE));
    let page = repos.list_buckets(&caller, BucketsQuery { owner, search, after: after.transpose()?, limit }).await?;
    let views = page.buckets.iter().map(|bucket| BucketView::new(&bucket.state, bucket.totals)).collect();
    Ok(paging.page(views, page.next.map(ListCursor::to_text)))
}
