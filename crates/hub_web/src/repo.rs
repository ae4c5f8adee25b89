//! `GET /{namespace}/{name}` and its like for the other kinds: the card and the files of a repository.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use hub_core::{Access, Code, CommitId, RepoAddr, RepoKind, Revision};
use hub_formats::card::Card;
use hub_http::{AccessClass, Addr, ApiError, ApiRouter, Caller, PublicUrl, get};
use hub_repo::{EntryKind, Repo, RepoError, Repos, TreeEntryInfo};

use crate::WebState;
use crate::error::Answer;
use crate::home::day;
use crate::page::page;

/// Entries of the root folder that the page shows.
const ENTRIES_MAX: usize = 1000;
/// A card above this size is not shown.
const CARD_MAX: u64 = 1 << 20;

pub(crate) fn routes() -> ApiRouter<WebState> {
    RepoKind::ALL.into_iter().fold(ApiRouter::new(), |router, kind| {
        let path = format!("/{}{{namespace}}/{{name}}", kind.url_prefix());
        router.route(get(path).access(AccessClass::Read).undocumented().to(show))
    })
}

#[derive(Template)]
#[template(path = "repo/page.html")]
struct RepoPage {
    kind: &'static str,
    repo_id: String,
    hidden: bool,
    updated: String,
    tags: Vec<String>,
    card: Option<String>,
    entries: Vec<EntryLine>,
    more: bool,
    url: String,
    download: String,
}

/// A file or folder of the root.
struct EntryLine {
    path: String,
    /// Where it is downloaded; folders have no such place.
    href: Option<String>,
    size: String,
}

/// `GET /{namespace}/{name}`
async fn show(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    Addr(addr): Addr,
    public_url: PublicUrl,
    uri: Uri,
) -> Answer {
    refuse_api(&addr, &uri)?;
    let repo = repos.open(&caller, &addr, Access::Metadata).await?;
    let commit = repo.resolve(&Revision::main()).await?;
    let listing = repo.list_tree(commit, None, false, None, ENTRIES_MAX).await?;
    let facts = repo.facts(commit).await?;
    let addr = repo.addr();
    let flag = if addr.kind == RepoKind::Model { String::new() } else { format!("--repo-type {} ", addr.kind) };
    let view = RepoPage {
        kind: addr.kind.title(),
        repo_id: addr.repo_id(),
        hidden: repo.state().visibility.is_hidden(),
        updated: day(&repo.state().modified.to_string()).to_owned(),
        tags: facts.tags,
        card: read_card(&repos, &repo, commit).await?,
        more: listing.next.is_some(),
        entries: listing.entries.iter().map(|entry| line(&addr.url_path(), entry)).collect(),
        url: public_url.to_string(),
        download: format!("hf download {flag}{}", addr.repo_id()),
    };
    Ok(page(StatusCode::OK, &view))
}

/// Nobody can be called `api`, so such a path is a call that does not exist: programs want that told as JSON.
fn refuse_api(addr: &RepoAddr, uri: &Uri) -> Result<(), ApiError> {
    if addr.namespace.key() != "api" {
        return Ok(());
    }
    Err(ApiError::new(Code::NotFound, format!("Hearth has nothing at GET {}", uri.path())))
}

fn line(url_path: &str, entry: &TreeEntryInfo) -> EntryLine {
    let is_file = entry.kind == EntryKind::File;
    EntryLine {
        href: is_file.then(|| format!("/{url_path}/resolve/main/{}", escape_path(&entry.path))),
        path: if is_file { entry.path.clone() } else { format!("{}/", entry.path) },
        size: if is_file { readable(entry.size) } else { String::new() },
    }
}

/// The text of the README without its metadata; nothing where there is none, or where the caller may not read files.
async fn read_card(repos: &Repos, repo: &Repo, commit: CommitId) -> Result<Option<String>, RepoError> {
    let readable = match repos.open(repo.caller(), repo.addr(), Access::Read).await {
        Ok(readable) => readable,
        Err(RepoError::Gated { .. } | RepoError::Disabled) => return Ok(None),
        Err(error) => return Err(error),
    };
    let path = "README.md".parse().expect("a literal path is valid");
    let file = match readable.file(commit, &path).await {
        Ok(file) if file.size <= CARD_MAX => file,
        Ok(_) | Err(RepoError::EntryNotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&readable.read_small(&file, CARD_MAX).await?).into_owned();
    let body = Card::parse_or_default(&text).body_offset;
    Ok(text.get(body..).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A path as a URL has it: everything but letters, digits and a few marks is escaped.
fn escape_path(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_' | b'~');
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A size as people read it.
fn readable(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{amount:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_paths_are_written_for_people_and_urls() {
        assert_eq!(readable(999), "999 bytes");
        assert_eq!(readable(1_234_567), "1.2 MB");
        assert_eq!(readable(u64::MAX), "18446744.1 TB");
        assert_eq!(escape_path("a b/ü?#%.txt"), "a%20b/%C3%BC%3F%23%25.txt");
    }
}
