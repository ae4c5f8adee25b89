//! Collections made, changed, filled, voted for, deleted.

use axum::Json;
use axum::extract::State;
use hub_account::Accounts;
use hub_community::{
    CollectionChange, CollectionId, Community, ItemChange, ItemId, ItemKind, ItemTarget, NewCollection, NewItem,
};
use hub_core::{Code, NamespaceName};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Path, PublicUrl, delete, patch, post};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::read::{repo_addr, view};
use super::{ONE, SlugPath, missing};
use crate::ApiState;
use crate::community::discussions::done;
use crate::failure::Answer;

/// The most changes of one batch.
const BATCH_MAX: usize = 500;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            post("/api/collections")
                .access(AccessClass::Login)
                .tag("collections")
                .id("create_collection")
                .summary("Makes a collection")
                .body::<NewBody>()
                .answer::<Value>()
                .to(create),
        )
        .route(
            patch(ONE)
                .access(AccessClass::Login)
                .tag("collections")
                .id("change_collection")
                .summary("Changes what is said of a collection")
                .body::<ChangeBody>()
                .answer::<Value>()
                .to(change),
        )
        .route(
            delete(ONE)
                .access(AccessClass::Login)
                .tag("collections")
                .id("delete_collection")
                .summary("Deletes a collection")
                .answer::<Value>()
                .to(remove),
        )
        .route(
            post(format!("{ONE}/items"))
                .access(AccessClass::Login)
                .tag("collections")
                .id("add_collection_item")
                .summary("Puts something at the end of a collection")
                .body::<NewItemBody>()
                .answer::<Value>()
                .to(add_item),
        )
        .route(
            post(format!("{ONE}/items/batch"))
                .access(AccessClass::Login)
                .tag("collections")
                .id("change_collection_items")
                .summary("Changes many items")
                .body::<Vec<BatchBody>>()
                .answer::<Value>()
                .to(change_items),
        )
        .route(
            patch(format!("{ONE}/items/{{item}}"))
                .access(AccessClass::Login)
                .tag("collections")
                .id("change_collection_item")
                .summary("Moves an item, or changes what is said about it")
                .body::<ItemBody>()
                .answer::<Value>()
                .to(change_item),
        )
        .route(
            delete(format!("{ONE}/items/{{item}}"))
                .access(AccessClass::Login)
                .tag("collections")
                .id("delete_collection_item")
                .summary("Takes an item out of a collection")
                .answer::<Value>()
                .to(remove_item),
        )
        .route(
            post(format!("{ONE}/upvote"))
                .access(AccessClass::Login)
                .tag("collections")
                .id("upvote_collection")
                .summary("Votes for a collection")
                .answer::<Value>()
                .to(upvote),
        )
        .route(
            delete(format!("{ONE}/upvote"))
                .access(AccessClass::Login)
                .tag("collections")
                .id("withdraw_collection_upvote")
                .summary("Takes a vote back")
                .answer::<Value>()
                .to(withdraw_upvote),
        )
}

/// A new collection.
#[derive(Deserialize, JsonSchema)]
struct NewBody {
    title: String,
    /// Whose it shall be; without it, the caller's.
    namespace: Option<String>,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    description: Option<String>,
    /// The first item.
    item: Option<ItemRefBody>,
}

/// What an item is.
#[derive(Deserialize, JsonSchema)]
struct ItemRefBody {
    /// `namespace/name`, the identifier of a paper, or the address of a collection.
    id: String,
    /// `model`, `dataset`, `space`, `kernel`, `paper` or `collection`.
    r#type: String,
}

impl ItemRefBody {
    fn target(&self) -> Result<ItemTarget, ApiError> {
        let nothing = || ApiError::new(Code::NotFound, format!("there is no {} {}", self.r#type, self.id));
        match ItemKind::from_word(&self.r#type) {
            Some(ItemKind::Repo(kind)) => Ok(ItemTarget::Repo(repo_addr(kind, &self.id).ok_or_else(nothing)?)),
            Some(ItemKind::Paper) => Ok(ItemTarget::Paper(self.id.clone())),
            Some(ItemKind::Collection) => {
                Ok(ItemTarget::Collection(CollectionId::of_slug(&self.id).ok_or_else(nothing)?))
            }
            None => Err(ApiError::bad_request(
                "the `type` of an item is one of model, dataset, space, kernel, paper, collection",
            )),
        }
    }
}

/// `POST /api/collections`
async fn create(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<NewBody>,
) -> Answer<Json<Value>> {
    let user = caller.user().ok_or_else(|| ApiError::new(Code::NeedsLogin, "sign in to make a collection"))?;
    let refused = || ApiError::new(Code::Forbidden, "you may not make collections for that namespace");
    let name: NamespaceName = match &body.namespace {
        Some(name) => name.parse().map_err(|_| refused())?,
        None => user.name.clone(),
    };
    let owner = accounts.namespace(&name).await?.ok_or_else(refused)?;
    let new =
        NewCollection { title: body.title, description: body.description.unwrap_or_default(), private: body.private };
    let item = body.item.as_ref().map(ItemRefBody::target).transpose()?;
    let id = community.create_collection(&caller, &owner, &new).await?;
    if let Some(target) = item {
        community.add_item(&caller, id, &NewItem { target, note: String::new() }).await?;
    }
    Ok(Json(view(&public_url, &community.collection(&caller, id).await?, true)))
}

/// What shall change.
#[derive(Deserialize, JsonSchema)]
struct ChangeBody {
    title: Option<String>,
    description: Option<String>,
    private: Option<bool>,
    theme: Option<String>,
    position: Option<i64>,
}

/// `PATCH /api/collections/{namespace}/{slug}`
async fn change(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Answer<Json<Value>> {
    let id = path.id()?;
    let change = CollectionChange {
        title: body.title,
        description: body.description,
        private: body.private,
        theme: body.theme,
        position: body.position,
    };
    community.change_collection(&caller, id, &change).await?;
    let found = community.collection(&caller, id).await?;
    Ok(Json(json!({ "success": true, "data": view(&public_url, &found, true) })))
}

/// `DELETE /api/collections/{namespace}/{slug}`
async fn remove(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
) -> Answer<Json<Value>> {
    community.delete_collection(&caller, path.id()?).await?;
    Ok(done())
}

/// A new item.
#[derive(Deserialize, JsonSchema)]
struct NewItemBody {
    item: ItemRefBody,
    note: Option<String>,
}

/// `POST /api/collections/{namespace}/{slug}/items`
async fn add_item(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
    public_url: PublicUrl,
    JsonBody(body): JsonBody<NewItemBody>,
) -> Answer<Json<Value>> {
    let id = path.id()?;
    let new = NewItem { target: body.item.target()?, note: body.note.unwrap_or_default() };
    community.add_item(&caller, id, &new).await?;
    Ok(Json(view(&public_url, &community.collection(&caller, id).await?, true)))
}

/// What shall change of an item.
#[derive(Deserialize, JsonSchema)]
struct ItemBody {
    note: Option<String>,
    /// Its place, counted from 0.
    position: Option<i64>,
}

/// `PATCH /api/collections/{namespace}/{slug}/items/{item}`
async fn change_item(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
    JsonBody(body): JsonBody<ItemBody>,
) -> Answer<Json<Value>> {
    let change = ItemChange { note: body.note, position: body.position };
    community.change_item(&caller, path.id()?, path.item()?, &change).await?;
    Ok(Json(json!({ "success": true })))
}

/// One change of many.
#[derive(Deserialize, JsonSchema)]
struct BatchBody {
    /// The item.
    #[serde(rename = "_id")]
    id: String,
    /// `update` or `delete`.
    #[serde(default)]
    action: Option<String>,
    data: Option<ItemBody>,
}

/// `POST /api/collections/{namespace}/{slug}/items/batch`
async fn change_items(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
    JsonBody(body): JsonBody<Vec<BatchBody>>,
) -> Answer<Json<Value>> {
    let id = path.id()?;
    if body.len() > BATCH_MAX {
        return Err(ApiError::bad_request(format!("change at most {BATCH_MAX} items at once")).into());
    }
    for one in body {
        let item = ItemId::of_wire(&one.id).ok_or_else(missing)?;
        match (one.action.as_deref(), one.data) {
            (Some("delete"), _) => community.remove_item(&caller, id, item).await?,
            (None | Some("update"), Some(data)) => {
                let change = ItemChange { note: data.note, position: data.position };
                community.change_item(&caller, id, item, &change).await?;
            }
            _ => return Err(ApiError::bad_request("an `action` is update, with `data`, or delete").into()),
        }
    }
    Ok(Json(json!({ "success": true })))
}

/// `DELETE /api/collections/{namespace}/{slug}/items/{item}`
async fn remove_item(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
) -> Answer<Json<Value>> {
    community.remove_item(&caller, path.id()?, path.item()?).await?;
    Ok(Json(json!({ "success": true })))
}

/// `POST /api/collections/{namespace}/{slug}/upvote`
async fn upvote(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
) -> Answer<Json<Value>> {
    community.upvote_collection(&caller, path.id()?, true).await?;
    Ok(done())
}

/// `DELETE /api/collections/{namespace}/{slug}/upvote`
async fn withdraw_upvote(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(path): Path<SlugPath>,
) -> Answer<Json<Value>> {
    community.upvote_collection(&caller, path.id()?, false).await?;
    Ok(done())
}
