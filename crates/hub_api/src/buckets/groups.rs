//! Resource groups, into which organisations of some hubs sort their repositories. There are none here: every bucket is in
//! no group, and can only be taken out of one.

use axum::Json;
use axum::extract::State;
use hub_core::{Access, Code, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, get, post};
use hub_repo::Repos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::At;
use crate::buckets::{API, TAG, open};
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let path = || format!("{API}/resource-group");
    ApiRouter::new()
        .route(
            get(path())
                .access(AccessClass::Read)
                .tag(TAG)
                .summary("Tells in which resource group a bucket is")
                .answer::<NoGroup>()
                .to(get_bucket_resource_group),
        )
        .route(
            post(path())
                .access(AccessClass::Admin)
                .tag(TAG)
                .summary("Takes a bucket out of its resource group")
                .body::<GroupBody>()
                .answer::<MemberView>()
                .to(set_bucket_resource_group),
        )
}

/// A group, if there were any.
#[derive(Serialize, JsonSchema)]
struct NoGroup {}

/// `GET /api/buckets/{namespace}/{name}/resource-group`
async fn get_bucket_resource_group(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
) -> Answer<Json<NoGroup>> {
    open(&repos, &caller, &at, Access::Metadata).await?;
    Err(ApiError::new(Code::NotFound, "this bucket is in no resource group").into())
}

/// To which group the bucket shall belong.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GroupBody {
    /// `null` for none.
    resource_group_id: Option<String>,
}

/// The bucket, and who put it where it is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    name: String,
    r#type: &'static str,
    private: bool,
    added_by: String,
}

/// `POST /api/buckets/{namespace}/{name}/resource-group`
async fn set_bucket_resource_group(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<GroupBody>,
) -> Answer<Json<MemberView>> {
    let bucket = open(&repos, &caller, &at, Access::Admin).await?;
    if let Some(group) = body.resource_group_id {
        return Err(ApiError::new(Code::NotFound, format!("there is no resource group {group:?}")).into());
    }
    let state = bucket.repo().state();
    Ok(Json(MemberView {
        name: state.addr.repo_id(),
        r#type: RepoKind::Bucket.word(),
        private: state.visibility.is_hidden(),
        added_by: caller.user().map(|user| user.name.to_string()).unwrap_or_default(),
    }))
}
