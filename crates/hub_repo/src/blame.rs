//! Who wrote which line: the versions of a file along the first parents, compared from the newest to the oldest.

use std::time::Duration;

use hub_core::{Access, CommitId, Oid, RepoPath};
use similar::{ChangeTag, TextDiff};

use crate::tree::LastCommit;
use crate::{Repo, RepoError};

/// A file above this size, or of more lines, is not taken apart.
const SIZE_MAX: u64 = 512 << 10;
const LINES_MAX: usize = 10_000;
/// The most versions that are compared, and the most text that they have together.
const VERSIONS_MAX: usize = 200;
const TEXT_MAX: usize = 16 << 20;
/// After this long the lines of a version that still wait count as its own.
const MAX_TIME_PER_VERSION: Duration = Duration::from_millis(100);

/// The lines of a file and their commits.
#[derive(Clone, Debug, Default)]
pub struct Blame {
    /// The text, as it is at the commit asked for.
    pub text: String,
    /// The commits that lines come from, newest first.
    pub commits: Vec<LastCommit>,
    /// For each line the place of its commit.
    pub lines: Vec<usize>,
    /// Whether older versions were not looked at, so that the last of the commits stands for them as well.
    pub is_cut: bool,
}

/// A version of the file and the commit that made it.
struct Version {
    commit: LastCommit,
    text: String,
}

impl Repo {
    /// The commit of each line of a file; nothing for one that is not text or too large.
    ///
    /// # Errors
    /// [`RepoError::EntryNotFound`] if there is no file at the path.
    pub async fn blame(&self, commit: CommitId, path: &RepoPath) -> Result<Option<Blame>, RepoError> {
        self.require(Access::Read)?;
        let mut versions: Vec<Version> = Vec::new();
        let (mut at, mut bytes, mut is_cut) = (commit, 0, false);
        let mut last_blob = Oid::ZERO;
        loop {
            let file = match self.raw_file(at, path).await {
                Err(RepoError::EntryNotFound { .. }) if !versions.is_empty() => break,
                file => file?,
            };
            let is_text = file.large.is_none() && file.size <= SIZE_MAX;
            let content = if is_text { self.read_small(&file, SIZE_MAX).await? } else { bytes::Bytes::new() };
            if !is_text || content.contains(&0) {
                if versions.is_empty() {
                    return Ok(None);
                }
                break;
            }
            let mut entries = vec![self.entry(at, path).await?];
            self.add_last_commits(at, &mut entries).await?;
            let Some(last) = entries.pop().and_then(|entry| entry.last_commit) else { break };
            let parent = self.commit_object(CommitId::new(last.id)).await?.parents.first().copied();
            bytes += content.len();
            // A merge may name a file that is the same before it.
            if file.oid == last_blob {
                versions.pop();
            }
            last_blob = file.oid;
            versions.push(Version { commit: last, text: String::from_utf8_lossy(&content).into_owned() });
            let Some(parent) = parent else { break };
            if versions.len() == VERSIONS_MAX || bytes > TEXT_MAX {
                is_cut = true;
                break;
            }
            at = CommitId::new(parent);
        }
        let compared = tokio::task::spawn_blocking(move || compare(versions, is_cut)).await;
        compared.map_err(|_| RepoError::Inconsistent("comparing the versions of a file failed".to_owned()))
    }
}

fn compare(versions: Vec<Version>, is_cut: bool) -> Option<Blame> {
    let text = versions.first()?.text.clone();
    let count = lines_of(&text);
    if count > LINES_MAX {
        return None;
    }
    let mut lines = vec![versions.len() - 1; count];
    // Lines whose commit is not known yet: where they are in the version at hand, and in the newest.
    let mut waiting: Vec<(usize, usize)> = (0..count).map(|line| (line, line)).collect();
    for (place, pair) in versions.windows(2).enumerate() {
        let diff = TextDiff::configure().timeout(MAX_TIME_PER_VERSION).diff_lines(&pair[1].text, &pair[0].text);
        let mut older = vec![None; lines_of(&pair[0].text)];
        for change in diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Equal) {
            if let (Some(old), Some(new)) = (change.old_index(), change.new_index())
                && let Some(slot) = older.get_mut(new)
            {
                *slot = Some(old);
            }
        }
        waiting.retain_mut(|(here, newest)| match older.get(*here).copied().flatten() {
            Some(old) => {
                *here = old;
                true
            }
            None => {
                lines[*newest] = place;
                false
            }
        });
        if waiting.is_empty() {
            break;
        }
    }
    Some(Blame { text, commits: versions.into_iter().map(|version| version.commit).collect(), lines, is_cut })
}

fn lines_of(text: &str) -> usize {
    text.split_inclusive('\n').count()
}

#[cfg(test)]
mod tests {
    use hub_core::Timestamp;

    use super::*;

    #[test]
    fn each_line_goes_to_the_version_that_brought_it() {
        let version = |number: u8, text: &str| Version {
            commit: LastCommit { id: Oid::new([number; 20]), title: String::new(), date: Timestamp::from_millis(0) },
            text: text.to_owned(),
        };
        let check = |texts: &[&str], expect: &[usize]| {
            let versions = texts.iter().zip(0..).map(|(text, number)| version(number, text)).collect();
            assert_eq!(compare(versions, false).unwrap().lines, expect, "{texts:?}");
        };
        check(&["a\nb\nc\n", "a\nc\n", "a\n"], &[2, 0, 1]);
        check(&["a\n"], &[0]);
        check(&["new\nold\n", "old\n"], &[0, 1]);
        check(&["b\na\n", "a\nb\n"], &[0, 1]);
        check(&["", "a\n"], &[]);
        assert!(compare(Vec::new(), false).is_none());
    }
}
