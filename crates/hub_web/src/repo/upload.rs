//! Files sent by a form: read as they come, small ones into the commit, large ones through a file of the system (for the
//! store names content by its hash, which is known only at the end) into the blob store. All of them are one commit.

mod stage;

use std::io::SeekFrom;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use hub_core::{Access, RepoPath, Sha256, UserError};
use hub_formats::attributes::Attributes;
use hub_http::{AccessClass, Addr, ApiError, ApiRouter, BodyStream, Path};
use hub_repo::{BlobError, CommitHeader, Operation, Repo, RepoError, Repos};
use multer::{Field, Multipart};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::edit::{commit, parse_path};
use super::{At, Opened, RepoHead, for_each_kind, get, post, resolve};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::form;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// The most bytes of one form; more is for `hf upload`, which can go on where it was cut off.
const FORM_MAX: u64 = 8 << 30;
/// The most files of one form.
const FILES_MAX: usize = 500;
/// How much is read at a time.
const CHUNK: usize = 256 << 10;

pub(super) fn routes() -> ApiRouter<WebState> {
    let write = AccessClass::Write;
    let router = for_each_kind(ApiRouter::new(), "/upload/{revision}", |path| get(write, path).to(show));
    let router = for_each_kind(router, "/upload/{revision}/{*path}", |path| get(write, path).to(show));
    let router = for_each_kind(router, "/upload/{revision}", |path| post(write, path).to(upload));
    let router = for_each_kind(router, "/upload/{revision}/{*path}", |path| post(write, path).to(upload));
    router.merge(stage::routes())
}

#[derive(Template)]
#[template(path = "repo/upload/page.html")]
struct UploadPage<'a> {
    shell: Shell,
    head: RepoHead,
    revision: &'a str,
    folder: &'a str,
    action: String,
    /// Where large files are sent before.
    stage: String,
    cancel: String,
    problem: Option<String>,
}

/// `GET …/upload/{revision}/{folder}`
async fn show(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr, Path(at): Path<At>) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    Ok(upload_page(&visit, &opened, &at, StatusCode::OK, None))
}

fn upload_page(
    visit: &Visit,
    opened: &Opened,
    at: &At,
    status: StatusCode,
    problem: Option<String>,
) -> axum::response::Response {
    let head = opened.head("files");
    let view = UploadPage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        action: head.urls.at("upload", &at.revision, &at.path),
        stage: head.urls.at("stage", &at.revision, ""),
        cancel: head.urls.at("tree", &at.revision, &at.path),
        revision: &at.revision,
        folder: &at.path,
        head,
        problem,
    };
    visit.page(status, &view)
}

/// `POST …/upload/{revision}/{folder}`
async fn upload(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    headers: HeaderMap,
    body: BodyStream,
) -> Answer {
    let mut parts = form::parts(&headers, body, FORM_MAX)?;
    let token = form::token(&mut parts).await?;
    visit.check(&token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    match take(&visit, &repos, &opened.repo, &at, parts).await {
        Ok(()) => Ok(go_to(&format!("{}?done=uploaded", opened.head("files").urls.at("tree", &at.revision, &at.path)))),
        Err(Refused::Told(problem)) => {
            Ok(upload_page(&visit, &opened, &at, StatusCode::UNPROCESSABLE_ENTITY, Some(problem)))
        }
        Err(Refused::Failed(error)) => Err(error),
    }
}

/// Why files are not taken.
enum Refused {
    Told(String),
    Failed(PageError),
}

impl From<RepoError> for Refused {
    fn from(error: RepoError) -> Self {
        if is_mendable(&error) { Self::Told(sentence(error.message())) } else { Self::Failed(error.into()) }
    }
}

impl From<PageError> for Refused {
    fn from(error: PageError) -> Self {
        Self::Failed(error)
    }
}

fn disk(error: std::io::Error) -> PageError {
    PageError::Fault(ApiError::internal(error))
}

async fn take(visit: &Visit, repos: &Repos, repo: &Repo, at: &At, mut parts: Multipart<'_>) -> Result<(), Refused> {
    let head = resolve(repo, &at.revision()).await?;
    let attributes = match head {
        Some(head) => read_attributes(repo, head).await?,
        None => Attributes::default(),
    };
    let mut operations = Vec::new();
    let (mut title, mut description) = (String::new(), String::new());
    while let Some(field) = parts.next_field().await.map_err(|error| form::cut_off(&error))? {
        match field.name() {
            Some("title") => title = form::text(field).await?,
            Some("description") => description = form::text(field).await?,
            Some("staged") => operations.push(stage::staged(repo, &at.path, &form::text(field).await?).await?),
            Some("files") => {
                let Some(name) = field.file_name().map(str::to_owned).filter(|name| !name.is_empty()) else { continue };
                let path = path_in(&at.path, &name)?;
                operations.push(receive(repos, repo, &attributes, path, field).await?);
            }
            _ => {}
        }
        if operations.len() > FILES_MAX {
            return Err(Refused::Told(visit.words.fill("upload.toomany", &[&FILES_MAX])));
        }
    }
    let fallback = match operations.as_slice() {
        [] => return Err(Refused::Told(visit.words.get("upload.nothing").to_owned())),
        [Operation::Put { path, .. } | Operation::PutLarge { path, .. }] => format!("Upload {path}"),
        many => format!("Upload {} files", many.len()),
    };
    let title = Some(title.trim()).filter(|title| !title.is_empty()).map_or(fallback, str::to_owned);
    let header = CommitHeader { title, description: description.trim().to_owned(), parent: None };
    commit(repo, &at.revision(), operations, header).await?;
    Ok(())
}

/// The path of a file that goes into a folder.
fn path_in(folder: &str, name: &str) -> Result<RepoPath, RepoError> {
    match folder.trim_matches('/') {
        "" => parse_path(name),
        folder => parse_path(&format!("{folder}/{name}")),
    }
}

async fn read_attributes(repo: &Repo, head: hub_core::CommitId) -> Result<Attributes, RepoError> {
    let path = ".gitattributes".parse().expect("a literal path is valid");
    match repo.file(head, &path).await {
        Ok(file) => Ok(Attributes::parse(&repo.read_small(&file, 1 << 20).await?)),
        Err(RepoError::EntryNotFound { .. }) => Ok(Attributes::default()),
        Err(error) => Err(error),
    }
}

/// Reads one file, into memory while it is small enough for an ordinary blob.
async fn receive(
    repos: &Repos,
    repo: &Repo,
    attributes: &Attributes,
    path: RepoPath,
    mut field: Field<'_>,
) -> Result<Operation, Refused> {
    let is_large = attributes.is_lfs(path.as_str());
    let most = if is_large { 0 } else { usize::try_from(repos.limits().plain_blob_bytes).unwrap_or(usize::MAX) };
    let mut held = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| form::cut_off(&error))? {
        held.extend_from_slice(&chunk);
        if held.len() > most {
            return receive_large(repos, repo, path, held.freeze(), field).await;
        }
    }
    Ok(Operation::Put { path, content: held.freeze(), old_path: None })
}

/// Reads the rest of a large file to disk, hashing it, and then gives it to the store.
async fn receive_large(
    repos: &Repos,
    repo: &Repo,
    path: RepoPath,
    first: Bytes,
    mut field: Field<'_>,
) -> Result<Operation, Refused> {
    use sha2::Digest as _;
    // The file has no name, so it goes away with its handle, also when the server is killed.
    let made = tokio::task::spawn_blocking(tempfile::tempfile).await;
    let made = made.map_err(|error| PageError::Fault(ApiError::internal(error)))?.map_err(disk)?;
    let mut spool = tokio::fs::File::from_std(made);
    let mut hash = sha2::Sha256::new();
    let mut size = 0;
    let mut next = Some(first);
    while let Some(chunk) = next {
        size += chunk.len() as u64;
        hash = tokio::task::spawn_blocking({
            let chunk = chunk.clone();
            move || hash.chain_update(&chunk)
        })
        .await
        .map_err(|error| PageError::Fault(ApiError::internal(error)))?;
        spool.write_all(&chunk).await.map_err(disk)?;
        next = field.chunk().await.map_err(|error| form::cut_off(&error))?;
    }
    spool.flush().await.map_err(disk)?;
    let sha256 = Sha256::new(hash.finalize().into());
    store(repos, repo, sha256, size, spool).await?;
    Ok(Operation::PutLarge { path, sha256, size: Some(size), old_path: None })
}

async fn store(
    repos: &Repos,
    repo: &Repo,
    sha256: Sha256,
    size: u64,
    mut spool: tokio::fs::File,
) -> Result<(), Refused> {
    let Some(ticket) = repo.plan_whole(sha256, size).await? else { return Ok(()) };
    spool.seek(SeekFrom::Start(0)).await.map_err(disk)?;
    let chunks = futures::stream::try_unfold(spool, |mut spool| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let read = spool.read_buf(&mut chunk).await.map_err(BlobError::body)?;
        Ok::<_, BlobError>((read > 0).then(|| (chunk.freeze(), spool)))
    });
    repos.receive_whole(&ticket, Box::pin(chunks)).await?;
    Ok(())
}
