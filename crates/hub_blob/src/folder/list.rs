//! Listing of a folder in key order, one fan-out directory at a time.
//!
//! Memory is bounded by a page plus one directory: two levels of at most 256 directories stand above the files.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use super::{Folder, timestamp};
use crate::key::TOPS;
use crate::{BlobError, Listed, ObjectKey};

pub(super) fn page(folder: &Folder, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<Listed>, BlobError> {
    let mut page = Vec::new();
    let after = after.map(ToString::to_string).unwrap_or_default();
    // The names of the cursor on each level; whatever sorts before them has been listed.
    let mut cursor = after.split('/').map(ToOwned::to_owned);
    let mut level = || cursor.next().unwrap_or_default();
    let (top_from, first, second) = (level(), level(), level());
    for top in TOPS.into_iter().filter(|top| *top >= top_from.as_str()) {
        let outer_from = if top == top_from { first.as_str() } else { "" };
        for outer in fan_out(&folder.root.join(top), outer_from)? {
            let inner_from = if outer == outer_from { second.as_str() } else { "" };
            for inner in fan_out(&folder.root.join(top).join(&outer), inner_from)? {
                let prefix = format!("{top}/{outer}/{inner}/");
                leaf(folder, &prefix, &after, limit, &mut page)?;
                if page.len() >= limit {
                    return Ok(page);
                }
            }
        }
    }
    Ok(page)
}

/// The two-digit directories from `from` on, sorted.
fn fan_out(path: &Path, from: &str) -> Result<Vec<String>, BlobError> {
    let is_fan_out = |name: &str| name.len() == 2 && crate::key::is_lower_hex(name);
    let mut names: Vec<String> = entries(path)?
        .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
        .filter(|name| name.as_ref().map_or(true, |name| is_fan_out(name) && name.as_str() >= from))
        .collect::<io::Result<_>>()?;
    names.sort_unstable();
    Ok(names)
}

/// Adds the next objects of one directory until the page has `limit`.
fn leaf(folder: &Folder, prefix: &str, after: &str, limit: usize, page: &mut Vec<Listed>) -> Result<(), BlobError> {
    let mut found: Vec<(ObjectKey, DirEntry)> = Vec::new();
    for entry in entries(&folder.root.join(prefix))? {
        let entry = entry?;
        let text = entry.file_name().into_string().map(|name| format!("{prefix}{name}")).unwrap_or_default();
        if let Ok(key) = text.parse()
            && text.as_str() > after
        {
            found.push((key, entry));
        }
    }
    found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (key, entry) in found {
        if page.len() >= limit {
            break;
        }
        match entry.metadata() {
            Ok(metadata) if metadata.is_file() => {
                page.push(Listed { key, size: metadata.len(), modified: timestamp(metadata.modified()?) });
            }
            Ok(_) => {}
            // Deleted since the directory was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn entries(path: &Path) -> Result<impl Iterator<Item = io::Result<DirEntry>>, BlobError> {
    match fs::read_dir(path) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None.into_iter().flatten())
        }
        Err(error) => Err(error.into()),
    }
}
