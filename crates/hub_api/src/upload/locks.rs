//! The locks of Git LFS: lock a file, list locks, see before a push which are one's own, release them.
//!
//! ```text
//! GET  …/info/lfs/locks?path&id&refspec&cursor&limit      all locks, or some
//! POST …/info/lfs/locks                                   locks a file
//! POST …/info/lfs/locks/verify                            all locks, one's own apart
//! POST …/info/lfs/locks/{lock}/unlock                     releases a lock
//! ```

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hub_account::{Caller, NamespaceId, Transfer};
use hub_core::{Access, Code, RefName, RepoKind, RepoPath};
use hub_http::{AccessClass, ApiError, ApiRouter, JsonBody, LargeFileCaller, Path, Query, RouteDraft, get, post};
use hub_repo::{FileLock, LockFilter, LockId, LockPage, Locking, Repo, RepoError, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ApiState;
use crate::address::{At, per_kind, web_base};
use crate::failure::Answer;
use crate::upload::lfs::{MEDIA_TYPE, lfs_json, open, open_either};

/// Locks of a page, unless fewer are asked for.
const PAGE: usize = 1_000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind: RepoKind| {
        let base = format!("{}/info/lfs/locks", web_base(kind));
        let route = |draft: RouteDraft, access: AccessClass, operation: [&str; 2], summary: &str| {
            let [verb, noun] = operation;
            let id = format!("{verb}_{}_{noun}", kind.word());
            draft.access(access).tag("large files").id(id).summary(summary)
        };
        let list = route(get(&*base), AccessClass::Read, ["list", "locks"], "Lists locks of files");
        let create = route(post(&*base), AccessClass::Write, ["create", "lock"], "Locks a file");
        let verify = "Lists locks before a push, the caller's own apart";
        let verify = route(post(format!("{base}/verify")), AccessClass::Write, ["verify", "locks"], verify);
        let delete = "Releases a lock; that of another person by force, if the caller administers the repository";
        let delete = route(post(format!("{base}/{{lock}}/unlock")), AccessClass::Write, ["delete", "lock"], delete);
        ApiRouter::new()
            .route(list.query::<ListQuery>().answer_as::<LocksView>(MEDIA_TYPE).to(list_locks))
            .route(create.body_as::<CreateBody>(MEDIA_TYPE).answer_as::<LockedView>(MEDIA_TYPE).to(create_lock))
            .route(verify.body_as::<VerifyBody>(MEDIA_TYPE).answer_as::<VerifiedView>(MEDIA_TYPE).to(verify_locks))
            .route(delete.body_as::<UnlockBody>(MEDIA_TYPE).answer_as::<LockedView>(MEDIA_TYPE).to(delete_lock))
    })
}

/// The reference that a client works on.
#[derive(Deserialize, JsonSchema)]
struct RefBody {
    /// Its full name.
    name: String,
}

/// Which locks.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    path: Option<String>,
    id: Option<String>,
    /// The full name of a reference: locks that hold for it.
    refspec: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// What to lock.
#[derive(Deserialize, JsonSchema)]
struct CreateBody {
    path: String,
    r#ref: Option<RefBody>,
}

/// Which page of the locks before a push.
#[derive(Deserialize, JsonSchema)]
struct VerifyBody {
    r#ref: Option<RefBody>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// How to release a lock.
#[derive(Deserialize, JsonSchema)]
struct UnlockBody {
    /// Also if it is somebody else's.
    #[serde(default)]
    force: bool,
}

/// Who locked a file.
#[derive(Serialize, JsonSchema)]
struct OwnerView {
    name: String,
}

/// A lock.
#[derive(Serialize, JsonSchema)]
struct LockView {
    id: String,
    path: String,
    locked_at: String,
    /// Nobody, if the account is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<OwnerView>,
}

/// One lock, taken or released.
#[derive(Serialize, JsonSchema)]
struct LockedView {
    lock: LockView,
}

/// Some locks.
#[derive(Serialize, JsonSchema)]
struct LocksView {
    locks: Vec<LockView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Some locks, by whether they are the caller's.
#[derive(Serialize, JsonSchema)]
struct VerifiedView {
    ours: Vec<LockView>,
    theirs: Vec<LockView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The names of the people behind locks.
struct Owners(HashMap<NamespaceId, String>);

impl Owners {
    async fn of(repos: &Repos, locks: &[FileLock]) -> Answer<Self> {
        let mut ids: Vec<NamespaceId> = locks.iter().map(|lock| lock.owner).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = repos.accounts().namespaces_by_id(&ids).await?;
        Ok(Self(found.into_iter().map(|namespace| (namespace.id, namespace.name.to_string())).collect()))
    }

    fn view(&self, lock: FileLock) -> LockView {
        LockView {
            id: lock.id.to_string(),
            path: lock.path.to_string(),
            locked_at: lock.locked.to_string(),
            owner: self.0.get(&lock.owner).map(|name| OwnerView { name: name.clone() }),
        }
    }
}

fn parse_path(text: &str) -> Result<RepoPath, RepoError> {
    text.parse().map_err(|reason| RepoError::Path { path: text.to_owned(), reason })
}

fn parse_ref(text: &str) -> Result<RefName, RepoError> {
    let message = || format!("{text:?} is not the full name of a reference, such as refs/heads/main");
    text.parse().map_err(|_| RepoError::Unprocessable(message()))
}

fn ref_of(body: Option<&RefBody>) -> Result<Option<RefName>, RepoError> {
    // git-lfs knows no name where no branch is checked out.
    body.map(|body| body.name.as_str()).filter(|name| !name.is_empty()).map(parse_ref).transpose()
}

/// A page as a client asks for it.
async fn page(repo: &Repo, filter: &LockFilter, cursor: Option<&str>, limit: Option<usize>) -> Answer<LockPage> {
    let wrong = |_| ApiError::bad_request("the cursor is none that an earlier page gave");
    let after = cursor.filter(|text| !text.is_empty()).map(|text| text.parse().map_err(wrong)).transpose()?;
    let limit = limit.filter(|limit| *limit > 0).map_or(PAGE, |limit| limit.min(PAGE));
    Ok(repo.file_locks(filter, after, limit).await?)
}

/// `GET /{namespace}/{name}.git/info/lfs/locks`
async fn list_locks(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    Query(query): Query<ListQuery>,
) -> Answer<Response> {
    let repo = open_either(&repos, &caller, &at, Access::Read).await?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let id: Option<Result<LockId, _>> = given(query.id).map(|text| text.parse());
    let filter = LockFilter {
        path: given(query.path).as_deref().map(parse_path).transpose()?,
        branch: given(query.refspec).as_deref().map(parse_ref).transpose()?,
        id: match id {
            // No lock has such an id.
            Some(Err(_)) => return Ok(lfs_json(StatusCode::OK, &json!({ "locks": [] }))),
            Some(Ok(id)) => Some(id),
            None => None,
        },
    };
    let LockPage { locks, next } = page(&repo, &filter, query.cursor.as_deref(), query.limit).await?;
    let owners = Owners::of(&repos, &locks).await?;
    let locks = locks.into_iter().map(|lock| owners.view(lock)).collect();
    Ok(lfs_json(StatusCode::OK, &LocksView { locks, next_cursor: next.map(|id| id.to_string()) }))
}

/// `POST /{namespace}/{name}.git/info/lfs/locks`
async fn create_lock(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    JsonBody(body): JsonBody<CreateBody>,
) -> Answer<Response> {
    let repo = open(&repos, &caller, &at, Transfer::Upload).await?;
    let (path, branch) = (parse_path(&body.path)?, ref_of(body.r#ref.as_ref())?);
    match repo.lock_file(path, branch).await? {
        Locking::Locked(lock) => {
            let owners = Owners::of(&repos, std::slice::from_ref(&lock)).await?;
            Ok(lfs_json(StatusCode::CREATED, &LockedView { lock: owners.view(lock) }))
        }
        Locking::Taken(lock) => {
            let owners = Owners::of(&repos, std::slice::from_ref(&lock)).await?;
            let view = owners.view(lock);
            let by = view.owner.as_ref().map_or("a person who is gone", |owner| &owner.name);
            let message = format!("already locked by {by} since {}", view.locked_at);
            let view = serde_json::to_value(&view).map_err(ApiError::internal)?;
            Err(ApiError::new(Code::Conflict, message).with_field("lock", view).into())
        }
    }
}

fn is_own(caller: &Caller, lock: &FileLock) -> bool {
    caller.user().is_some_and(|user| user.id == lock.owner)
}

/// `POST /{namespace}/{name}.git/info/lfs/locks/verify`
async fn verify_locks(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    JsonBody(body): JsonBody<VerifyBody>,
) -> Answer<Response> {
    let repo = open(&repos, &caller, &at, Transfer::Upload).await?;
    let filter = LockFilter { branch: ref_of(body.r#ref.as_ref())?, ..LockFilter::default() };
    let LockPage { locks, next } = page(&repo, &filter, body.cursor.as_deref(), body.limit).await?;
    let owners = Owners::of(&repos, &locks).await?;
    let (ours, theirs): (Vec<FileLock>, Vec<FileLock>) = locks.into_iter().partition(|lock| is_own(&caller, lock));
    let views = |locks: Vec<FileLock>| locks.into_iter().map(|lock| owners.view(lock)).collect();
    let view = VerifiedView { ours: views(ours), theirs: views(theirs), next_cursor: next.map(|id| id.to_string()) };
    Ok(lfs_json(StatusCode::OK, &view))
}

/// Which lock.
#[derive(Deserialize)]
struct LockPath {
    lock: String,
}

/// `POST /{namespace}/{name}.git/info/lfs/locks/{lock}/unlock`
async fn delete_lock(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    Path(LockPath { lock }): Path<LockPath>,
    JsonBody(body): JsonBody<UnlockBody>,
) -> Answer<Response> {
    let repo = open(&repos, &caller, &at, Transfer::Upload).await?;
    let missing = |_| ApiError::new(Code::NotFound, "there is no such lock: it may have been released already");
    let lock = repo.unlock_file(lock.parse().map_err(missing)?, body.force).await?;
    let owners = Owners::of(&repos, std::slice::from_ref(&lock)).await?;
    Ok(lfs_json(StatusCode::OK, &LockedView { lock: owners.view(lock) }))
}
