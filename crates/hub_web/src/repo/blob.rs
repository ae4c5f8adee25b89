//! `GET …/blob/{revision}/{path}`: one file, shown as what it is, with the ways to take it away and to change it.

mod notebook;
mod pdf;
mod tensors;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use futures::TryStreamExt;
use hub_core::{Access, CommitId, Timestamp};
use hub_http::{AccessClass, Addr, ApiRouter, Path, Query};
use hub_repo::{EntryKind, FileContent, Repo, Repos};
use hub_viewer::{Format, Start, Table};
use serde::Deserialize;

use super::card::render_card;
use super::tree::{RefSwitch, ref_switch};
use super::{At, Crumb, Opened, RepoHead, crumbs, for_each_kind, get, resolve};
use crate::WebState;
use crate::error::{Answer, PageError};
use crate::highlight;
use crate::markdown::{Place, Rendered, SafeHtml};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// A file above this size is not shown as text.
const TEXT_MAX: u64 = 1 << 20;
/// The most lines that are shown.
const LINES_MAX: usize = 5000;
/// The longest line that is coloured; longer ones are data.
const COLOURED_MAX: usize = 400 << 10;
/// The most rows of a page.
const ROWS: usize = 100;
/// A notebook above this size is not shown.
const NOTEBOOK_MAX: u64 = 8 << 20;
/// A picture above this size is not shown.
const IMAGE_MAX: u64 = 64 << 20;

pub(super) fn routes() -> ApiRouter<WebState> {
    let router =
        for_each_kind(ApiRouter::new(), "/blob/{revision}/{*path}", |path| get(AccessClass::Read, path).to(show));
    router.merge(pdf::routes())
}

/// How the file is wanted.
#[derive(Deserialize)]
struct BlobQuery {
    /// The source of something that is shown otherwise.
    #[serde(default)]
    source: bool,
    /// The page of a table: how many rows come before it, and the byte at which it begins, if it is a text.
    #[serde(default)]
    row: u64,
    #[serde(default)]
    byte: u64,
}

/// The way through the pages of a table.
pub(super) struct TablePages {
    /// Which rows are shown, such as `201–300`, if these are not all.
    shown: Option<String>,
    /// The first page, unless this is it.
    first: Option<String>,
    /// The page before, where it can be known.
    previous: Option<String>,
    next: Option<String>,
}

impl TablePages {
    fn of(visit: &Visit, here: &str, table: &Table) -> Self {
        let at = |start: Start| match start {
            Start { row: 0, byte: 0 } => here.to_owned(),
            Start { row, byte: 0 } => format!("{here}?row={row}"),
            Start { row, byte } => format!("{here}?row={row}&byte={byte}"),
        };
        // Of a text only the way on is known, for its rows have to be read to be counted.
        let previous = (table.first > 0 && table.total.is_some())
            .then(|| at(Start { row: table.first.saturating_sub(ROWS as u64), byte: 0 }));
        let is_part = !table.rows.is_empty() && (table.is_cut || table.first > 0);
        let (from, to) = (visit.words.number(table.first.saturating_add(1)), visit.words.number(table.last()));
        Self {
            shown: is_part.then(|| format!("{from}–{to}")),
            first: (table.first > 0).then(|| here.to_owned()),
            previous,
            next: table.next.map(at),
        }
    }
}

#[derive(Template)]
#[template(path = "repo/blob/page.html")]
struct BlobPage {
    shell: Shell,
    head: RepoHead,
    revision: String,
    refs: RefSwitch,
    crumbs: Vec<Crumb>,
    path: String,
    size: u64,
    sha256: Option<String>,
    change: Option<(String, String, Timestamp)>,
    content: Shown,
    /// The other way to look at it: rendered or source.
    other_view: Option<(&'static str, String)>,
    resolve: String,
    raw: String,
    permalink: String,
    blame: String,
    can_edit: bool,
    /// Whether the reader may commit a change or at least propose one.
    can_change: bool,
    is_text: bool,
}

/// A file as it is shown.
pub(super) enum Shown {
    /// Lines of source; whether some are left out.
    Lines(Vec<SafeHtml>, bool),
    /// Markdown.
    Card(Arc<Rendered>),
    Image,
    Audio,
    Video,
    Table(Table, TablePages),
    /// With the address that a frame may show.
    Pdf(String),
    Notebook(Vec<notebook::Cell>),
    Tensors(tensors::TensorFile),
    /// Nothing but a sentence why.
    Nothing(&'static str),
}

/// `GET …/blob/{revision}/{path}`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    Path(at): Path<At>,
    Query(query): Query<BlobQuery>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Read).await?;
    let repo = &opened.repo;
    let path = at.path(&visit)?;
    let head = opened.head("files");
    let Some(commit) = resolve(repo, &at.revision()).await? else {
        return Err(hub_repo::RepoError::RevisionNotFound(at.revision.clone()).into());
    };
    let mut entries = vec![repo.entry(commit, &path).await?];
    if entries[0].kind == EntryKind::Directory {
        return Ok(go_to(&head.urls.at("tree", &at.revision, path.as_str())));
    }
    repo.add_last_commits(commit, &mut entries).await?;
    let change = entries.pop().and_then(|entry| entry.last_commit);
    let file = repo.file(commit, &path).await?;
    let kind = Kind::of(path.as_str());
    let here = head.urls.at("blob", &at.revision, path.as_str());
    let wanted = Wanted { kind, source: query.source, start: Start { row: query.row, byte: query.byte }, here: &here };
    let content = content(&visit, repo, &file, &at.revision, wanted).await?;
    let other_view = match (kind, query.source) {
        (Kind::Text, _) => None,
        (Kind::Table(Format::Parquet), _) => None,
        (Kind::Markdown | Kind::Table(_) | Kind::Notebook, false) => {
            Some((visit.words.get("blob.source"), format!("{here}?source=true")))
        }
        (Kind::Markdown | Kind::Table(_) | Kind::Notebook, true) => Some((visit.words.get("blob.shown"), here)),
        _ => None,
    };
    let refs = ref_switch(repo, &at.revision, "blob", path.as_str()).await?;
    let is_text = file.large.is_none() && file.size <= TEXT_MAX && !kind.is_binary();
    let view = BlobPage {
        shell: visit.shell(repo.addr().kind.plural()),
        crumbs: crumbs(&head.urls, &at.revision, path.as_str()),
        size: file.size,
        sha256: file.large.map(|large| large.sha256.to_string()),
        change: change.map(|commit| (commit.title, head.urls.commit(CommitId::new(commit.id)), commit.date)),
        resolve: head.urls.at("resolve", &at.revision, path.as_str()),
        raw: head.urls.at("raw", &at.revision, path.as_str()),
        permalink: head.urls.at("blob", &commit.to_string(), path.as_str()),
        blame: head.urls.at("blame", &at.revision, path.as_str()),
        can_edit: head.can_write && refs.is_branch,
        can_change: (head.can_write || head.can_propose) && refs.is_branch,
        is_text,
        path: path.to_string(),
        revision: at.revision,
        content,
        other_view,
        refs,
        head,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// What a file is, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Markdown,
    Image,
    Audio,
    Video,
    Table(Format),
    Pdf,
    Notebook,
    Safetensors,
    Gguf,
    Binary,
}

impl Kind {
    fn of(path: &str) -> Self {
        if let Some(format) = Format::of_path(path) {
            return Self::Table(format);
        }
        let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        match ending.as_str() {
            "md" | "markdown" => Self::Markdown,
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "avif" | "bmp" | "ico" | "svg" => Self::Image,
            "mp3" | "wav" | "flac" | "ogg" | "oga" | "opus" | "m4a" => Self::Audio,
            "mp4" | "m4v" | "webm" | "mov" => Self::Video,
            "ipynb" => Self::Notebook,
            "safetensors" => Self::Safetensors,
            "gguf" => Self::Gguf,
            "pdf" => Self::Pdf,
            "bin" | "pt" | "pth" | "ckpt" | "onnx" | "arrow" | "zip" | "gz" | "tar" | "tgz" | "zst" | "pkl" | "npy"
            | "npz" | "h5" | "msgpack" | "model" | "woff2" | "so" | "wasm" => Self::Binary,
            _ => Self::Text,
        }
    }

    fn is_binary(self) -> bool {
        match self {
            Self::Image | Self::Audio | Self::Video | Self::Pdf | Self::Safetensors | Self::Gguf | Self::Binary => true,
            Self::Table(format) => !format.is_text(),
            Self::Text | Self::Markdown | Self::Notebook => false,
        }
    }
}

/// How a file is to be shown.
struct Wanted<'a> {
    kind: Kind,
    source: bool,
    /// The page of a table.
    start: Start,
    /// The address of the page of the file.
    here: &'a str,
}

async fn content(
    visit: &Visit,
    repo: &Repo,
    file: &FileContent,
    revision: &str,
    wanted: Wanted<'_>,
) -> Result<Shown, PageError> {
    let Wanted { kind, source: wants_source, start, here } = wanted;
    let nothing = |key| Ok(Shown::Nothing(visit.words.get(key)));
    match kind {
        Kind::Image if file.size > IMAGE_MAX => nothing("blob.large"),
        Kind::Image => Ok(Shown::Image),
        Kind::Audio => Ok(Shown::Audio),
        Kind::Video => Ok(Shown::Video),
        Kind::Binary => nothing("blob.binary"),
        Kind::Safetensors | Kind::Gguf => {
            let found = tensors::read(repo, file, kind == Kind::Gguf).await?;
            found.map_or_else(|| nothing("blob.damaged"), |tensors| Ok(Shown::Tensors(tensors)))
        }
        Kind::Pdf if file.size > IMAGE_MAX => nothing("blob.large"),
        Kind::Pdf => Ok(Shown::Pdf(pdf::address(repo, revision, &file.path))),
        Kind::Table(format) if !wants_source || !format.is_text() => {
            let table = hub_viewer::rows(repo, file, format, start, ROWS).await?;
            let Some(table) = table else { return nothing("blob.damaged") };
            let pages = TablePages::of(visit, here, &table);
            Ok(Shown::Table(table, pages))
        }
        Kind::Markdown if !wants_source => {
            let rendered = render_card(repo, file, revision).await?;
            rendered.map_or_else(|| nothing("blob.nocard"), |card| Ok(Shown::Card(card)))
        }
        Kind::Notebook if !wants_source && file.size <= NOTEBOOK_MAX => {
            let bytes = repo.read_small(file, NOTEBOOK_MAX).await?;
            let place = Place::of_file(repo.addr(), revision, &file.path);
            let cells = tokio::task::spawn_blocking(move || notebook::cells(&bytes, &place)).await;
            let cells = cells.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))?;
            cells.map_or_else(|| nothing("blob.damaged"), |cells| Ok(Shown::Notebook(cells)))
        }
        _ if file.size > TEXT_MAX => nothing("blob.large"),
        _ => {
            let bytes = repo.read_small(file, TEXT_MAX).await?;
            if bytes.iter().take(8000).any(|byte| *byte == 0) {
                return nothing("blob.binary");
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let language = highlight::language_of_path(file.path.as_str());
            let language = if text.len() > COLOURED_MAX { "" } else { language };
            let lines = tokio::task::spawn_blocking(move || highlight::to_lines(language, &text)).await;
            let lines = lines.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))?;
            let is_cut = lines.len() > LINES_MAX;
            Ok(Shown::Lines(lines.into_iter().take(LINES_MAX).map(SafeHtml::of_code).collect(), is_cut))
        }
    }
}

/// The beginning of a file, at most `most` bytes.
async fn read_prefix(repo: &Repo, file: &FileContent, most: u64) -> Result<Vec<u8>, PageError> {
    let mut stream = repo.read(file, 0..most.min(file.size)).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.try_next().await.map_err(hub_repo::RepoError::from)? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
