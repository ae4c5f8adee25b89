//! The answer of Git LFS to locks: there are none. git-lfs asks for them before each push.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hub_core::{Access, Code, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, RouteDraft, get, post};
use hub_repo::Repos;
use serde_json::json;

use crate::ApiState;
use crate::address::{At, per_kind, web_base};
use crate::failure::Answer;
use crate::upload::lfs::lfs_json;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind: RepoKind| {
        let base = format!("{}/info/lfs/locks", web_base(kind));
        let route = |draft: RouteDraft, access: AccessClass, operation: [&str; 2], summary: &str| {
            let [verb, noun] = operation;
            let id = format!("{verb}_{}_{noun}", kind.word());
            draft.access(access).tag("large files").id(id).summary(summary)
        };
        let list = route(get(&*base), AccessClass::Read, ["list", "locks"], "Lists locks: there are none");
        let create = "Refuses a lock: files are not locked here";
        let create = route(post(&*base), AccessClass::Write, ["create", "lock"], create);
        let verify = "Lists locks before a push: there are none";
        let verify = route(post(format!("{base}/verify")), AccessClass::Write, ["verify", "locks"], verify);
        let delete = "Refuses to unlock: files are not locked here";
        let delete = route(post(format!("{base}/{{lock}}/unlock")), AccessClass::Write, ["delete", "lock"], delete);
        ApiRouter::new()
            .route(list.to(list_locks))
            .route(create.to(refuse_lock))
            .route(verify.to(verify_locks))
            .route(delete.to(refuse_lock))
    })
}

/// `GET /{namespace}/{name}.git/info/lfs/locks`
async fn list_locks(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Response> {
    at.open(&repos, &caller, Access::Read).await?;
    Ok(lfs_json(StatusCode::OK, &json!({ "locks": [] })))
}

/// `POST /{namespace}/{name}.git/info/lfs/locks/verify`
async fn verify_locks(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Response> {
    at.open(&repos, &caller, Access::Write).await?;
    Ok(lfs_json(StatusCode::OK, &json!({ "ours": [], "theirs": [] })))
}

/// `POST /{namespace}/{name}.git/info/lfs/locks` and `…/locks/{lock}/unlock`
async fn refuse_lock(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Response> {
    at.open(&repos, &caller, Access::Write).await?;
    Err(ApiError::new(Code::NotImplemented, "files are not locked here: writers agree by branches and commits").into())
}
