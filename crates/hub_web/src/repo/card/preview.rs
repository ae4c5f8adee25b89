//! The first rows of a dataset, on its page: of the file that the reader chose, or of the one that looks most like the data.

use hub_core::{CommitId, RepoPath};
use hub_repo::{EntryKind, Repo};
use hub_viewer::{Format, Start, Table};

use crate::address::{RepoUrls, escape_value};
use crate::error::PageError;

/// Rows on the page.
const ROWS: usize = 10;
/// The most files that are looked at for tables, and that the reader may choose from.
const NAMES_MAX: usize = 2000;
const CHOICES: usize = 30;

/// Rows of a file.
pub(super) struct Preview {
    pub(super) path: String,
    pub(super) href: String,
    pub(super) table: Table,
    /// The other tables: path, address, whether it is this one.
    pub(super) choices: Vec<(String, String, bool)>,
}

/// The preview of a dataset; nothing if it has no table that can be shown.
pub(super) async fn of(repo: &Repo, commit: CommitId, wanted: &str) -> Result<Option<Preview>, PageError> {
    let page = repo.list_tree(commit, None, true, None, NAMES_MAX).await?;
    let mut paths: Vec<String> = page
        .entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::File && entry.size > 0 && Format::of_path(&entry.path).is_some())
        .map(|entry| entry.path)
        .collect();
    // What people mean by the data comes first: Parquet, then what is for training.
    paths.sort_by_key(|path| (Format::of_path(path) != Some(Format::Parquet), !path.contains("train")));
    let Some(path) = paths.iter().find(|path| *path == wanted).or_else(|| paths.first()) else { return Ok(None) };
    let (Ok(parsed), Some(format)) = (path.parse::<RepoPath>(), Format::of_path(path)) else { return Ok(None) };
    let file = match repo.file(commit, &parsed).await {
        Ok(file) => file,
        Err(hub_repo::RepoError::EntryNotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(table) = hub_viewer::rows(repo, &file, format, Start::default(), ROWS).await? else { return Ok(None) };
    let urls = RepoUrls::of(repo.addr());
    let choice = |other: &String| {
        (other.clone(), format!("{}?file={}#preview", urls.page(), escape_value(other)), other == path)
    };
    let choices = if paths.len() > 1 { paths.iter().take(CHOICES).map(choice).collect() } else { Vec::new() };
    Ok(Some(Preview { href: urls.at("blob", "main", path), path: path.clone(), table, choices }))
}
