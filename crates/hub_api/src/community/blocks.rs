//! Whom one has blocked, oneself or as an organisation.

use axum::Json;
use axum::extract::State;
use hub_community::Community;
use hub_core::NamespaceName;
use hub_http::{AccessClass, ApiRouter, Caller, JsonBody, Path, PublicUrl, Query, delete, get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::ApiState;
use crate::community::discussions::done;
use crate::community::people::person_view;
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let draft = |draft: hub_http::RouteDraft, id: &'static str, summary: &'static str| {
        draft.access(AccessClass::Login).tag("blocks").id(id).summary(summary).answer::<Value>()
    };
    let all = "/api/settings/blocked";
    ApiRouter::new()
        .route(draft(get(all), "list_blocked", "Lists whom one has blocked").query::<OwnerQuery>().to(list))
        .route(draft(post(all), "block_person", "Blocks a person").body::<BlockBody>().to(block))
        .route(
            draft(delete("/api/settings/blocked/{name}"), "unblock_person", "No longer blocks a person")
                .query::<OwnerQuery>()
                .to(unblock),
        )
}

/// Who blocks.
#[derive(Deserialize, JsonSchema)]
struct OwnerQuery {
    /// An organisation that one administers; oneself if nothing is said.
    owner: Option<String>,
}

/// A name as it was sent; one that cannot exist is nobody's.
fn name_of(text: &str) -> Answer<NamespaceName> {
    let missing = |_| hub_http::ApiError::new(hub_core::Code::NotFound, format!("there is no user called {text}"));
    Ok(text.parse().map_err(missing)?)
}

fn owner_of(text: Option<&String>) -> Answer<Option<NamespaceName>> {
    text.filter(|text| !text.is_empty()).map(|text| name_of(text)).transpose()
}

/// `GET /api/settings/blocked`
async fn list(
    State(community): State<Community>,
    Caller(caller): Caller,
    Query(query): Query<OwnerQuery>,
    public_url: PublicUrl,
) -> Answer<Json<Vec<Value>>> {
    let found = community.blocked(&caller, owner_of(query.owner.as_ref())?.as_ref()).await?;
    Ok(Json(found.iter().map(|person| person_view(&public_url, person)).collect()))
}

/// Whom, and who.
#[derive(Deserialize, JsonSchema)]
struct BlockBody {
    /// The person.
    name: String,
    /// An organisation that one administers; oneself if nothing is said.
    owner: Option<String>,
}

/// `POST /api/settings/blocked`
async fn block(
    State(community): State<Community>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<BlockBody>,
) -> Answer<Json<Value>> {
    let owner = owner_of(body.owner.as_ref())?;
    community.set_blocked(&caller, owner.as_ref(), &name_of(&body.name)?, true).await?;
    Ok(done())
}

/// `DELETE /api/settings/blocked/{name}`
async fn unblock(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(name): Path<String>,
    Query(query): Query<OwnerQuery>,
) -> Answer<Json<Value>> {
    let owner = owner_of(query.owner.as_ref())?;
    community.set_blocked(&caller, owner.as_ref(), &name_of(&name)?, false).await?;
    Ok(done())
}
