//! Comparisons as text, in the form that `git diff` prints and `git apply` reads.

use std::time::Duration;

use bytes::Bytes;
use similar::TextDiff;

use crate::diff::{Change, DiffSide};
use crate::{Repo, RepoError};

/// The most text that one comparison gives.
const MAX_TEXT_BYTES: usize = 16 << 20;
/// After this long the lines of a file that still wait are shown as replaced, which is correct and only less short.
const MAX_TIME_PER_FILE: Duration = Duration::from_millis(500);

impl Repo {
    /// The changes with the lines that differ; files that are not text are only named.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] beyond 16 MiB of text.
    pub async fn unified_diff(&self, changes: &[Change]) -> Result<String, RepoError> {
        let mut text = String::new();
        for change in changes {
            text.push_str(&head_of(change));
            if change.old.map(|side| side.oid) == change.new.map(|side| side.oid) {
                continue;
            }
            if !change.is_text {
                text.push_str(&format!("Binary files {} and {} differ\n", old_name(change), new_name(change)));
                continue;
            }
            let (old, new) = (self.side_bytes(change.old).await?, self.side_bytes(change.new).await?);
            let (old_name, new_name) = (old_name(change), new_name(change));
            let hunks = tokio::task::spawn_blocking(move || hunks(&old, &new, &old_name, &new_name)).await;
            text.push_str(&hunks.map_err(|_| RepoError::Inconsistent("comparing a file failed".to_owned()))?);
            if text.len() > MAX_TEXT_BYTES {
                return Err(RepoError::TooLarge(
                    "the differences are longer than 16 MiB: compare nearer commits, or ask for ?raw=true".to_owned(),
                ));
            }
        }
        Ok(text)
    }

    async fn side_bytes(&self, side: Option<DiffSide>) -> Result<Bytes, RepoError> {
        match side {
            Some(side) => self.blob_bytes(side.oid).await,
            None => Ok(Bytes::new()),
        }
    }
}

fn old_name(change: &Change) -> String {
    change.old.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{}", change.path))
}

fn new_name(change: &Change) -> String {
    let path = change.new_path.as_ref().unwrap_or(&change.path);
    change.new.map_or_else(|| "/dev/null".to_owned(), |_| format!("b/{path}"))
}

/// The lines before the hunks of a file.
fn head_of(change: &Change) -> String {
    let new_path = change.new_path.as_ref().unwrap_or(&change.path);
    let mut head = format!("diff --git a/{} b/{new_path}\n", change.path);
    match (change.old, change.new) {
        (None, Some(new)) => head.push_str(&format!("new file mode {}\n", new.mode.octal())),
        (Some(old), None) => head.push_str(&format!("deleted file mode {}\n", old.mode.octal())),
        (Some(old), Some(new)) if old.mode != new.mode => {
            head.push_str(&format!("old mode {}\nnew mode {}\n", old.mode.octal(), new.mode.octal()));
        }
        _ => {}
    }
    if change.new_path.is_some() {
        head.push_str(&format!("similarity index 100%\nrename from {}\nrename to {new_path}\n", change.path));
    }
    let oid = |side: Option<DiffSide>| side.map_or(hub_core::Oid::ZERO, |side| side.oid);
    if oid(change.old) != oid(change.new) {
        head.push_str(&format!("index {}..{}\n", oid(change.old), oid(change.new)));
    }
    head
}

fn hunks(old: &[u8], new: &[u8], old_name: &str, new_name: &str) -> String {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let diff = TextDiff::configure().timeout(MAX_TIME_PER_FILE).diff_lines(old.as_ref(), new.as_ref());
    diff.unified_diff().context_radius(3).header(old_name, new_name).to_string()
}
