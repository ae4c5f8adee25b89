//! Programs that may act for a person without a secret.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, By, PublisherDraft, PublisherId, TrustedPublisher, key_of_wire_id};
use hub_core::{Access, Code, RepoAddr};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Path, delete, get, post};
use hub_repo::Repos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    let path = "/api/settings/trusted-publishers";
    ApiRouter::new()
        .route(
            get(path)
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Lists the programs that may act for the caller without a secret")
                .answer::<Vec<PublisherView>>()
                .to(list),
        )
        .route(
            post(path)
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Trusts a program that an issuer vouches for")
                .body::<PublisherBody>()
                .answer::<PublisherView>()
                .to(trust),
        )
        .route(
            delete("/api/settings/trusted-publishers/{id}")
                .access(AccessClass::Login)
                .tag("accounts")
                .summary("Trusts a program no longer")
                .to(distrust),
        )
}

/// A program that may act for the caller.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PublisherView {
    id: String,
    /// What it asks for: `ada/m`, `datasets/ada/d`, or the name of the person for what they were let in to.
    resource: String,
    issuer: String,
    claims: BTreeMap<String, String>,
    created_at: String,
    used_at: Option<String>,
}

impl From<TrustedPublisher> for PublisherView {
    fn from(publisher: TrustedPublisher) -> Self {
        Self {
            id: publisher.id.to_string(),
            resource: publisher.resource,
            issuer: publisher.issuer,
            claims: publisher.claims,
            created_at: publisher.created_at.to_string(),
            used_at: publisher.used_at.map(|at| at.to_string()),
        }
    }
}

/// Which program, and what it may do.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PublisherBody {
    /// A repository to write to; without one the program reads what the person was let in to.
    resource: Option<String>,
    issuer: String,
    claims: BTreeMap<String, String>,
}

/// `GET /api/settings/trusted-publishers`
async fn list(State(accounts): State<Accounts>, Caller(caller): Caller) -> Answer<Json<Vec<PublisherView>>> {
    let found = accounts.trusted_publishers(By::Caller(&caller)).await?;
    Ok(Json(found.into_iter().map(PublisherView::from).collect()))
}

/// `POST /api/settings/trusted-publishers`
async fn trust(
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<PublisherBody>,
) -> Answer<Json<PublisherView>> {
    let repo = match &body.resource {
        Some(resource) => {
            let addr = RepoAddr::named(resource).map_err(|_| {
                ApiError::new(Code::Unprocessable, "the resource is a repository such as ada/m or datasets/ada/d")
            })?;
            let repo = repos.open(&caller, &addr, Access::Write).await?;
            Some((repo.scope_entity(), repo.addr().url_path()))
        }
        None => None,
    };
    let draft = PublisherDraft { repo, issuer: body.issuer, claims: body.claims };
    Ok(Json(accounts.trust_publisher(By::Caller(&caller), draft).await?.into()))
}

/// `DELETE /api/settings/trusted-publishers/{id}`
async fn distrust(
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let missing = || ApiError::new(Code::NotFound, "there is no such trusted publisher");
    let id = PublisherId::new(key_of_wire_id(&id).ok_or_else(missing)?);
    accounts.distrust_publisher(By::Caller(&caller), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
