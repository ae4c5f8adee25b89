//! Git LFS: the batch call that plans transfers, the calls that carry bytes, verification.
//!
//! Clients send no token to the links of a plan, so these carry sealed tickets. Multipart is the convention of the
//! clients: part links as numbered headers of the upload action, completion by a POST to its link.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use hub_account::{Caller, Credential, LargeFileGrant, Transfer};
use hub_core::{Access, Code, RepoKind, Sha256, UserError};
use hub_http::{
    AccessClass, ApiError, ApiRouter, BodyStream, JsonBody, LargeFileCaller, Path, PublicUrl, Query, get, post, put,
};
use hub_repo::{BlobError, PartPlan, Repo, RepoError, Repos, Ticket, UploadPlan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ApiState;
use crate::address::{At, per_kind, web_base};
use crate::download::file::{FileRequest, SentFile};
use crate::failure::Answer;
use crate::xet::{CasUrl, upload_header};

pub(super) const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";
/// The most objects of one request.
const OBJECTS_MAX: usize = 10_000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(repo_routes).merge(ticket_routes())
}

fn repo_routes(kind: RepoKind) -> ApiRouter<ApiState> {
    let base = format!("{}/info/lfs", web_base(kind));
    let word = kind.word();
    ApiRouter::new()
        .route(
            post(format!("{base}/objects/batch"))
                .access(AccessClass::Read)
                .tag("large files")
                .id(format!("plan_{word}_transfers"))
                .summary("Plans uploads or downloads of large files")
                .body_as::<BatchBody>(MEDIA_TYPE)
                .answer_as::<BatchView>(MEDIA_TYPE)
                .to(batch),
        )
        .route(
            post(format!("{base}/objects/verify"))
                .access(AccessClass::Propose)
                .tag("large files")
                .id(format!("verify_{word}_upload"))
                .summary("States that an upload arrived")
                .body_as::<ObjectBody>(MEDIA_TYPE)
                .to(verify),
        )
        .route(
            get(format!("{base}/objects/{{oid}}"))
                .access(AccessClass::Read)
                .tag("large files")
                .id(format!("download_{word}_object"))
                .summary("Downloads a large file by its SHA-256")
                .answer_bytes("application/octet-stream")
                .to(download_object),
        )
}

fn ticket_routes() -> ApiRouter<ApiState> {
    ApiRouter::new()
        .route(
            put("/api/lfs/whole")
                .access(AccessClass::Signed)
                .tag("large files")
                .summary("Receives a large file in one body")
                .query::<TicketQuery>()
                .body_bytes("application/octet-stream")
                .to(receive_whole),
        )
        .route(
            put("/api/lfs/part")
                .access(AccessClass::Signed)
                .tag("large files")
                .summary("Receives a part of a large file")
                .query::<TicketQuery>()
                .body_bytes("application/octet-stream")
                .to(receive_part),
        )
        .route(
            post("/api/lfs/complete")
                .access(AccessClass::Signed)
                .tag("large files")
                .summary("Puts the parts of a large file together")
                .query::<TicketQuery>()
                .body_as::<CompleteBody>(MEDIA_TYPE)
                .to(complete),
        )
}

/// What a client wants to transfer.
#[derive(Deserialize, JsonSchema)]
struct BatchBody {
    operation: OperationWord,
    #[serde(default)]
    transfers: Vec<String>,
    objects: Vec<ObjectBody>,
    hash_algo: Option<String>,
    /// The branch that the files are for. A client that will open a pull request names none.
    r#ref: Option<RefBody>,
}

/// A branch as git-lfs names it.
#[derive(Deserialize, JsonSchema)]
struct RefBody {
    name: String,
}

/// The direction of a transfer.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum OperationWord {
    Upload,
    Download,
}

/// A large file as git-lfs names it.
#[derive(Deserialize, JsonSchema)]
struct ObjectBody {
    /// The SHA-256.
    oid: String,
    size: u64,
}

/// The plan.
#[derive(Serialize, JsonSchema)]
struct BatchView {
    transfer: &'static str,
    objects: Vec<ObjectView>,
    hash_algo: &'static str,
}

/// The plan for one object. Without actions there is nothing to do.
#[derive(Serialize, JsonSchema)]
struct ObjectView {
    oid: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    authenticated: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    actions: BTreeMap<&'static str, ActionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorView>,
}

/// A request that the client shall make.
#[derive(Serialize, JsonSchema)]
struct ActionView {
    href: String,
    /// For uploads in parts: `chunk_size` and the link of each part under its number, in order. For uploads through the
    /// chunk store: its address and a token.
    #[serde(skip_serializing_if = "Value::is_null")]
    header: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

/// Why an object cannot be transferred.
#[derive(Serialize, JsonSchema)]
struct ErrorView {
    code: u16,
    message: String,
}

impl ActionView {
    fn to(href: String) -> Self {
        Self { href, header: Value::Null, expires_in: None }
    }
}

/// What a plan for a repository is made of.
struct Planner<'a> {
    repo: &'a Repo,
    repos: &'a Repos,
    public_url: &'a PublicUrl,
    can_send_parts: bool,
    /// What the client shall send along to addresses that ask who it is, namely what it sent with this request: git-lfs
    /// looks for no credentials of its own for the addresses of a plan, and over SSH it has none.
    pass: Option<String>,
    /// How a client that can use the chunk store brings all files of an upload: where it gets tokens, and the first one.
    by_chunks: Option<(String, Value)>,
}

/// `POST /{namespace}/{name}.git/info/lfs/objects/batch`
async fn batch(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    cas_url: CasUrl,
    headers: HeaderMap,
    JsonBody(body): JsonBody<BatchBody>,
) -> Answer<Response> {
    let repo = open_for(&repos, &caller, &at, body.transfer(), body.access()).await?;
    body.check()?;
    let can = |wanted: &str| body.transfers.iter().any(|transfer| transfer == wanted);
    let by_chunks = match body.operation {
        // The chunk store gives tokens to those who have a token; a pass is good for Git LFS alone.
        OperationWord::Upload if can("xet") && pass_of(&caller).is_none() => {
            Some(upload_header(&repo, &cas_url).await?)
        }
        _ => None,
    };
    let can_send_parts = can("multipart");
    let pass = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let planner = Planner { repo: &repo, repos: &repos, public_url: cas_url.hub(), can_send_parts, pass, by_chunks };
    Ok(lfs_json(StatusCode::OK, &planner.plan(body.operation, &body.objects).await?))
}

/// The pass that the caller came with, if it was one.
fn pass_of(caller: &Caller) -> Option<&LargeFileGrant> {
    match &caller.user()?.credential {
        Credential::LargeFiles(pass) => Some(pass),
        Credential::Password | Credential::Session(_) | Credential::Token(_) => None,
    }
}

/// Opens the repository for someone who moves large files in one direction.
pub(super) async fn open(repos: &Repos, caller: &Caller, at: &At, transfer: Transfer) -> Answer<Repo> {
    let access = match transfer {
        Transfer::Upload => Access::Write,
        Transfer::Download => Access::Read,
    };
    open_for(repos, caller, at, transfer, access).await
}

/// The same, for as much as they need: what is for a pull request wants less than the right to write.
async fn open_for(repos: &Repos, caller: &Caller, at: &At, transfer: Transfer, access: Access) -> Answer<Repo> {
    let other = match transfer {
        Transfer::Upload => "downloads",
        Transfer::Download => "uploads",
    };
    let repo = open_either(repos, caller, at, access).await?;
    match pass_of(caller) {
        Some(pass) if pass.transfer != transfer => {
            let message = format!("this pass is for {other} only: git-lfs gets another one by git-lfs-authenticate");
            Err(ApiError::new(Code::Forbidden, message).into())
        }
        _ => Ok(repo),
    }
}

/// Opens the repository for someone who comes for large files, whatever the direction.
pub(super) async fn open_either(repos: &Repos, caller: &Caller, at: &At, access: Access) -> Answer<Repo> {
    let repo = at.open(repos, caller, access).await?;
    match pass_of(caller) {
        Some(pass) if pass.repo != repo.id().key() => {
            let message = "this pass is for another repository: git-lfs gets one by git-lfs-authenticate";
            Err(ApiError::new(Code::Forbidden, message).into())
        }
        _ => Ok(repo),
    }
}

impl BatchBody {
    fn transfer(&self) -> Transfer {
        match self.operation {
            OperationWord::Upload => Transfer::Upload,
            OperationWord::Download => Transfer::Download,
        }
    }

    /// Files for a branch want the right to write; those for a pull request the right to open one.
    fn access(&self) -> Access {
        let is_for_branch = self.r#ref.as_ref().is_some_and(|wanted| !wanted.name.starts_with("refs/pr/"));
        match self.operation {
            OperationWord::Upload if is_for_branch => Access::Write,
            OperationWord::Upload => Access::Propose,
            OperationWord::Download => Access::Read,
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.objects.len() > OBJECTS_MAX {
            return Err(ApiError::new(Code::TooLarge, format!("ask about at most {OBJECTS_MAX} objects at once")));
        }
        match self.hash_algo.as_deref() {
            None | Some("sha256" | "sha_256") => Ok(()),
            Some(other) => Err(ApiError::new(Code::Unprocessable, format!("unknown hash_algo {other:?}: use sha256"))),
        }
    }
}

impl Planner<'_> {
    async fn plan(&self, operation: OperationWord, objects: &[ObjectBody]) -> Answer<BatchView> {
        let transfer = if self.by_chunks.is_some() { "xet" } else { "basic" };
        let mut view = BatchView { transfer, objects: Vec::with_capacity(objects.len()), hash_algo: "sha256" };
        for object in objects {
            let planned = match (object.oid.parse::<Sha256>(), operation) {
                (Err(reason), _) => Err(RepoError::Unprocessable(format!("the oid is no SHA-256: {reason}"))),
                (Ok(sha256), OperationWord::Upload) => self.upload(sha256, object.size).await,
                (Ok(sha256), OperationWord::Download) => self.download(sha256).await,
            };
            if self.by_chunks.is_none()
                && matches!(&planned, Ok(actions) if actions.get("upload").is_some_and(|upload| !upload.header.is_null()))
            {
                view.transfer = "multipart";
            }
            view.objects.push(object_view(object, planned)?);
        }
        Ok(view)
    }

    async fn upload(&self, sha256: Sha256, size: u64) -> Result<BTreeMap<&'static str, ActionView>, RepoError> {
        let upload = match &self.by_chunks {
            None => self.upload_whole(sha256, size).await?,
            Some((href, header)) => {
                let wanted = self.repo.wants_upload(sha256, size).await?;
                wanted.then(|| ActionView { header: header.clone(), ..ActionView::to(href.clone()) })
            }
        };
        let Some(upload) = upload else { return Ok(BTreeMap::new()) };
        let verify = format!("/{}.git/info/lfs/objects/verify", self.repo.addr().url_path());
        Ok(BTreeMap::from([("upload", upload), ("verify", self.with_pass(self.public_url.join(&verify)))]))
    }

    async fn upload_whole(&self, sha256: Sha256, size: u64) -> Result<Option<ActionView>, RepoError> {
        Ok(Some(match self.repo.plan_upload(sha256, size, self.can_send_parts).await? {
            UploadPlan::Present => return Ok(None),
            UploadPlan::Whole(ticket) => ActionView::to(self.link("whole", &ticket).await?),
            UploadPlan::Direct { link } => ActionView::to(link),
            UploadPlan::Parts { part_bytes, parts, complete } => {
                let mut header = serde_json::Map::new();
                header.insert("chunk_size".to_owned(), Value::String(part_bytes.to_string()));
                for (index, part) in parts.into_iter().enumerate() {
                    let link = match part {
                        PartPlan::Hearth(ticket) => self.link("part", &ticket).await?,
                        PartPlan::Direct(link) => link,
                    };
                    // Zero-padded and in order: the agent for git-lfs reads them in the order in which they come.
                    header.insert(format!("{:05}", index + 1), Value::String(link));
                }
                ActionView { header: Value::Object(header), ..ActionView::to(self.link("complete", &complete).await?) }
            }
        }))
    }

    async fn download(&self, sha256: Sha256) -> Result<BTreeMap<&'static str, ActionView>, RepoError> {
        let missing = || RepoError::NotFound(format!("this repository has no large file {sha256}"));
        self.repo.held_large(sha256).await?.ok_or_else(missing)?;
        let path = format!("/{}.git/info/lfs/objects/{sha256}", self.repo.addr().url_path());
        Ok(BTreeMap::from([("download", self.with_pass(self.public_url.join(&path)))]))
    }

    fn with_pass(&self, href: String) -> ActionView {
        let header = self.pass.as_ref().map_or(Value::Null, |pass| json!({ "Authorization": pass }));
        ActionView { header, ..ActionView::to(href) }
    }

    async fn link(&self, what: &str, ticket: &Ticket) -> Result<String, RepoError> {
        let sealed = self.repos.seal(ticket).await?;
        Ok(self.public_url.join(&format!("/api/lfs/{what}?ticket={sealed}")))
    }
}

/// A refusal of one object stands beside the plans of the others; a fault of ours fails the whole request.
fn object_view(
    object: &ObjectBody,
    planned: Result<BTreeMap<&'static str, ActionView>, RepoError>,
) -> Answer<ObjectView> {
    let mut view = ObjectView {
        oid: object.oid.clone(),
        size: object.size,
        authenticated: None,
        actions: BTreeMap::new(),
        error: None,
    };
    match planned {
        Ok(actions) => {
            view.authenticated = (!actions.is_empty()).then_some(true);
            view.actions = actions;
        }
        Err(error) => {
            let code = match error.code() {
                Code::NotFound => 404,
                Code::Unprocessable => 422,
                Code::TooLarge => 413,
                Code::QuotaExceeded => 403,
                _ => return Err(error.into()),
            };
            view.error = Some(ErrorView { code, message: error.message().into_owned() });
        }
    }
    Ok(view)
}

/// `POST /{namespace}/{name}.git/info/lfs/objects/verify`
async fn verify(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    JsonBody(body): JsonBody<ObjectBody>,
) -> Answer<Response> {
    let repo = open_for(&repos, &caller, &at, Transfer::Upload, Access::Propose).await?;
    let sha256 = body.oid.parse().map_err(|_| ApiError::new(Code::NotFound, "the oid is no SHA-256"))?;
    repo.verify_upload(sha256, body.size).await?;
    Ok(lfs_json(StatusCode::OK, &json!({})))
}

/// Which object.
#[derive(Deserialize)]
struct ObjectPath {
    oid: String,
}

/// `GET /{namespace}/{name}.git/info/lfs/objects/{oid}`
async fn download_object(
    State(repos): State<Repos>,
    LargeFileCaller(caller): LargeFileCaller,
    at: At,
    Path(path): Path<ObjectPath>,
    request: FileRequest,
) -> Answer<Response> {
    let repo = open(&repos, &caller, &at, Transfer::Download).await?;
    let missing = || ApiError::new(Code::NotFound, "this repository has no such large file");
    let sha256: Sha256 = path.oid.parse().map_err(|_| missing())?;
    let size = repo.held_large(sha256).await?.ok_or_else(missing)?;
    SentFile::large(&repo, sha256, size).answer(&request).await
}

/// The sealed permission of a link.
#[derive(Deserialize, JsonSchema)]
struct TicketQuery {
    ticket: String,
}

/// What is announced to be too long need not be received; what turns out to be is refused by the engine.
fn refuse_longer(body: &BodyStream, ticket: &Ticket) -> Result<(), RepoError> {
    match body.announced() {
        Some(announced) if announced > ticket.size => Err(RepoError::Corrupt(format!(
            "the body has {announced} bytes, which is more than the announced {}",
            ticket.size
        ))),
        _ => Ok(()),
    }
}

fn broken_body(error: ApiError) -> BlobError {
    BlobError::body(error.message().to_owned())
}

/// `PUT /api/lfs/whole`
async fn receive_whole(
    State(repos): State<Repos>,
    Query(query): Query<TicketQuery>,
    body: BodyStream,
) -> Answer<Response> {
    let ticket = repos.unseal(&query.ticket).await?;
    refuse_longer(&body, &ticket)?;
    repos.receive_whole(&ticket, body.map_err(broken_body)).await?;
    Ok(StatusCode::OK.into_response())
}

/// `PUT /api/lfs/part`
async fn receive_part(
    State(repos): State<Repos>,
    Query(query): Query<TicketQuery>,
    body: BodyStream,
) -> Answer<Response> {
    let ticket = repos.unseal(&query.ticket).await?;
    refuse_longer(&body, &ticket)?;
    let tag = repos.receive_part(&ticket, body.map_err(broken_body)).await?;
    let tag = HeaderValue::from_str(&tag).map_err(ApiError::internal)?;
    Ok(([(header::ETAG, tag)] as [(HeaderName, HeaderValue); 1]).into_response())
}

/// The parts that were sent.
#[derive(Deserialize, JsonSchema)]
struct CompleteBody {
    parts: Vec<PartBody>,
}

/// A part and the tag that it was answered with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PartBody {
    part_number: u32,
    etag: String,
}

/// `POST /api/lfs/complete`
async fn complete(
    State(repos): State<Repos>,
    Query(query): Query<TicketQuery>,
    JsonBody(body): JsonBody<CompleteBody>,
) -> Answer<Response> {
    let ticket = repos.unseal(&query.ticket).await?;
    let parts: Vec<(u32, String)> = body.parts.into_iter().map(|part| (part.part_number, part.etag)).collect();
    repos.complete_upload(&ticket, &parts).await?;
    Ok(lfs_json(StatusCode::OK, &json!({})))
}

pub(super) fn lfs_json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    let mut response = (status, Json(value)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}
