//! `GET /api/settings/repositories` and `GET /api/organizations/{name}/settings/repositories`: what takes how much room.

use axum::extract::State;
use hub_account::{Accounts, Namespace, NamespaceId, NamespaceKind};
use hub_core::{Code, NamespaceName, OrgRole};
use hub_http::{AccessClass, ApiError, ApiRouter, Page, Paging, Path, Query, SignedIn, get};
use hub_repo::{RepoState, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::failure::Answer;

/// Repositories of a page.
const PAGE: usize = 100;
/// The most repositories that a request can ask for.
const PAGE_MAX: usize = 1000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            get("/api/settings/repositories")
                .access(AccessClass::Login)
                .tag("repositories")
                .summary("Lists the caller's repositories with the room that each takes")
                .query::<StorageQuery>()
                .answer::<Vec<StorageView>>()
                .to(own_storage),
        )
        .route(
            get("/api/organizations/{namespace}/settings/repositories")
                .access(AccessClass::Login)
                .tag("repositories")
                .summary("Lists an organisation's repositories with the room that each takes")
                .query::<StorageQuery>()
                .answer::<Vec<StorageView>>()
                .to(org_storage),
        )
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct StorageQuery {
    limit: Option<usize>,
    cursor: Option<usize>,
}

/// What a repository takes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StorageView {
    /// `namespace/name`
    id: String,
    r#type: &'static str,
    visibility: &'static str,
    /// In bytes.
    storage: u64,
    updated_at: String,
}

impl From<RepoState> for StorageView {
    fn from(state: RepoState) -> Self {
        Self {
            id: state.addr.repo_id(),
            r#type: state.addr.kind.word(),
            visibility: state.visibility.word(),
            storage: state.used_bytes,
            updated_at: state.modified.to_string(),
        }
    }
}

/// `GET /api/settings/repositories`
async fn own_storage(
    State(repos): State<Repos>,
    caller: SignedIn,
    Query(query): Query<StorageQuery>,
    paging: Paging,
) -> Answer<Page<StorageView>> {
    page(&repos, caller.user().id, &query, &paging).await
}

/// `GET /api/organizations/{namespace}/settings/repositories`
async fn org_storage(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    caller: SignedIn,
    Path(name): Path<NamespaceName>,
    Query(query): Query<StorageQuery>,
    paging: Paging,
) -> Answer<Page<StorageView>> {
    let org = accounts.namespace(&name).await?.filter(|found| found.kind == NamespaceKind::Organization);
    let org: Namespace =
        org.ok_or_else(|| ApiError::new(Code::NotFound, format!("there is no organization {name}")))?;
    if caller.role_in(org.id) < Some(OrgRole::Read) && !caller.is_instance_admin() {
        let message = "this needs a member of the organization with the role 'read' or more";
        return Err(ApiError::new(Code::Forbidden, message).into());
    }
    page(&repos, org.id, &query, &paging).await
}

async fn page(repos: &Repos, owner: NamespaceId, query: &StorageQuery, paging: &Paging) -> Answer<Page<StorageView>> {
    let (skip, limit) = (query.cursor.unwrap_or(0), query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX));
    let mut states = repos.charged_to(owner, skip, limit + 1).await?;
    let next = (states.len() > limit).then(|| (skip + limit).to_string());
    states.truncate(limit);
    Ok(paging.page(states.into_iter().map(StorageView::from).collect(), next))
}
