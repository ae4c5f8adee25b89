//! Whose word a pull request needs: the code owners of the files that it changes, as the branch that it is for names them.

use std::collections::BTreeMap;

use hub_core::{CommitId, RepoPath};
use hub_formats::code_owners::{CODE_OWNERS_MAX_BYTES, CodeOwners};

use super::Pull;
use crate::{Change, Repo, RepoError};

/// Where the file may lie; the first that is there counts.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// The most changed files whose owners are looked up.
const FILES_MAX: usize = 10_000;

/// Files that have the same owners.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedFiles {
    /// The names of their owners, as `CODEOWNERS` spells them.
    pub owners: Vec<String>,
    /// The paths.
    pub paths: Vec<String>,
}

impl Repo {
    /// The owned files that a pull request changes. What the pull request itself says of owners does not count. It tells
    /// paths, so a face shows it only to those who may read the files.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] for more than 10,000 files, or a `CODEOWNERS` that is too long.
    pub async fn pull_owners(&self, pull: &Pull) -> Result<Vec<OwnedFiles>, RepoError> {
        let Some(base) = pull.base_head else { return Ok(Vec::new()) };
        let Some(owners) = self.code_owners(CommitId::new(base)).await? else { return Ok(Vec::new()) };
        let changes = self.pull_changes(pull).await?;
        if changes.len() > FILES_MAX {
            return Err(RepoError::TooLarge(format!(
                "more than {FILES_MAX} files are changed, too many to find their code owners: split the pull request"
            )));
        }
        let found = tokio::task::spawn_blocking(move || owned(&owners, changes)).await;
        found.map_err(|_| RepoError::Inconsistent("finding code owners failed".to_owned()))
    }

    async fn code_owners(&self, commit: CommitId) -> Result<Option<CodeOwners>, RepoError> {
        // Rules that bind everyone are read as nobody in particular, whatever the caller may read.
        let reader = Repo::for_index(&self.repos, self.state().clone());
        for place in PLACES {
            let path: RepoPath = place.parse().map_err(|_| RepoError::Inconsistent(format!("{place:?} is no path")))?;
            let file = match reader.raw_file(commit, &path).await {
                Err(RepoError::EntryNotFound { .. }) => continue,
                file => file?,
            };
            let bytes = reader.read_small(&file, CODE_OWNERS_MAX_BYTES as u64).await?;
            let owners = CodeOwners::parse(&bytes).map_err(|error| RepoError::TooLarge(error.to_string()))?;
            return Ok(Some(owners));
        }
        Ok(None)
    }
}

fn owned(owners: &CodeOwners, changes: Vec<Change>) -> Vec<OwnedFiles> {
    let mut groups: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for path in changes.into_iter().flat_map(|change| [Some(change.path), change.new_path]).flatten() {
        let names = owners.of(&path);
        if !names.is_empty() {
            groups.entry(names.to_vec()).or_default().push(path);
        }
    }
    groups.into_iter().map(|(owners, paths)| OwnedFiles { owners, paths }).collect()
}
