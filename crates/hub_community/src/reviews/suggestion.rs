//! Suggestions: a comment on lines says what shall stand there instead, and one button makes a commit of it.

use hub_core::{Access, CommitId, RepoPath, Revision, ThreadNumber};
use hub_repo::{CommitDone, CommitHeader, LineRange, Operation, Repo, RepoError};

use super::Side;
use super::submit::{head_of, require_live};
use crate::community::speaker;
use crate::discussions::require_unlocked;
use crate::store::{line_comments, threads};
use crate::{Community, CommunityError, ThreadEventId};

/// A file above this size is not changed by a suggestion.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// What a comment suggests instead of its lines: the content of its first fence of the kind `suggestion`. Empty means that
/// the lines go.
pub fn suggestion_of(body: &str) -> Option<String> {
    let mut lines = body.lines().map(|line| line.trim_end_matches('\r'));
    let fence = lines.by_ref().find_map(|line| {
        let ticks = line.trim_start().bytes().take_while(|byte| *byte == b'`').count();
        let kind = line.trim_start()[ticks..].trim();
        (ticks >= 3 && kind == "suggestion").then_some(ticks)
    })?;
    let mut text = String::new();
    for line in lines {
        let rest = line.trim();
        if rest.len() >= fence && rest.bytes().all(|byte| byte == b'`') {
            return Some(text);
        }
        text.push_str(line);
        text.push('\n');
    }
    None
}

impl Community {
    /// Applies the suggestion of a comment: a commit on the branch of the pull request replaces the lines.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if the lines changed meanwhile, or it is applied already; [`RepoError::Forbidden`] for
    /// others than the author of the pull request and those who may write.
    pub async fn apply_suggestion(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        comment: ThreadEventId,
    ) -> Result<CommitDone, CommunityError> {
        speaker(repo)?;
        let pull = self.pull_of(repo, number).await?;
        // Whether the caller may do this at all is asked as for every change, in a transaction that writes nothing.
        let (tx, _, locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        require_live(&locked.discussion)?;
        drop(tx);
        repo.demand(Access::Propose)?;
        let discussion = locked.discussion.id;
        let none = || CommunityError::NotFound("there is no suggestion in that comment".to_owned());
        let row = line_comments::get(self.db(), discussion, comment).await?.ok_or_else(none)?;
        let said = threads::get(self.db(), discussion, comment).await?.filter(|said| said.hidden.is_none());
        let said = said.ok_or_else(none)?;
        let suggested = said.body.as_deref().and_then(suggestion_of).ok_or_else(none)?;
        let refused = |reason: &str| Err(CommunityError::Conflict(reason.to_owned()));
        if row.applied.is_some() {
            return refused("this suggestion is applied already");
        }
        if row.side == Side::Old {
            return refused("a suggestion for lines that the pull request removes cannot be applied");
        }
        let head = head_of(&pull, None)?;
        let path: RepoPath = row.path.parse().map_err(|reason| RepoError::Path { path: row.path.clone(), reason })?;
        let changed = "the lines of this suggestion were changed since: edit the file instead";
        let file = match repo.raw_file(CommitId::new(head), &path).await {
            Err(RepoError::EntryNotFound { .. }) => return refused(changed),
            file => file?,
        };
        let place = repo.follow_lines(row.blob, file.oid, vec![row.lines]).await?.pop().flatten();
        let Some(place) = place else { return refused(changed) };
        let bytes = repo.read_small(&file, FILE_MAX_BYTES).await?;
        let Ok(before) = std::str::from_utf8(&bytes) else { return refused("the file is no text") };
        let after = replaced(before, place, &suggested);
        if after == before {
            return refused("the lines are already what the suggestion says");
        }
        let author = self.accounts().namespace_by_id(said.author).await?;
        let thanks =
            author.map(|author| format!("Co-authored-by: {} <{}@users.noreply.hearth>", author.name, author.name));
        let header = CommitHeader {
            title: format!("Apply a suggestion to {path}"),
            description: thanks.unwrap_or_default(),
            parent: Some(head),
        };
        let mut draft = repo.begin_commit(&Revision::new(number.pull_ref().to_string())).await?;
        draft.push(Operation::Put { path, content: after.into(), old_path: None }).await?;
        let done = draft.finish(header).await?;
        let mut tx = self.db().begin().await?;
        line_comments::set_applied(&mut tx, comment, done.id.oid()).await?;
        tx.commit().await?;
        Ok(done)
    }
}

/// The text with some of its lines replaced, in the line ends that it has.
fn replaced(before: &str, place: LineRange, suggested: &str) -> String {
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    let (start, end) =
        ((place.first as usize).saturating_sub(1).min(lines.len()), (place.last as usize).min(lines.len()));
    let end = end.max(start);
    let mut suggested = suggested.to_owned();
    let is_last = end == lines.len();
    if lines.get(start).is_some_and(|line| line.ends_with("\r\n")) {
        suggested = suggested.replace('\n', "\r\n");
    }
    // A file without a line end at its end stays one.
    if is_last && !before.ends_with('\n') {
        suggested.truncate(suggested.trim_end_matches('\n').trim_end_matches('\r').len());
    }
    [&lines[..start].concat(), suggested.as_str(), &lines[end..].concat()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fence_is_the_suggestion() {
        let check = |body: &str, expect: Option<&str>| assert_eq!(suggestion_of(body).as_deref(), expect, "{body:?}");
        check("Better:\n```suggestion\na\n  b\n```\nno?", Some("a\n  b\n"));
        check("```suggestion\r\na\r\n```", Some("a\n"));
        check("````suggestion\n```\na\n```\n````", Some("```\na\n```\n"));
        check("```suggestion\n```", Some(""));
        check("```suggestion\na", None);
        check("```rust\na\n```", None);
        check("", None);
    }

    #[test]
    fn lines_are_replaced_and_line_ends_kept() {
        let check = |before, (first, last), suggested, expect: &str| {
            assert_eq!(replaced(before, LineRange { first, last }, suggested), expect, "{before:?}");
        };
        check("a\nb\nc\n", (2, 2), "X\nY\n", "a\nX\nY\nc\n");
        check("a\nb\nc\n", (1, 3), "", "");
        check("a\r\nb\r\nc\r\n", (2, 3), "X\n", "a\r\nX\r\n");
        check("a\nb", (2, 2), "X\n", "a\nX");
        check("a\nb", (7, 9), "X\n", "a\nbX");
    }
}
