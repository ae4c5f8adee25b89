//! Comments on lines of a pull request: written, and found again after it moved on.
//!
//! Such a comment is one of the discussion like any other, with a place beside it: a side of the comparison, a path and
//! lines of the blob that was there. While those lines are in the present blob of that path unchanged, the comment follows
//! them; afterwards it is outdated and shows the excerpt that it was about. All of this tells what files hold, so it is for
//! those who may read them.

use std::collections::HashMap;

use hub_core::{Access, Oid, ThreadNumber};
use hub_repo::{Change, LineRange, Pull, Repo, RepoError};

use super::submit::{head_of, require_live};
use crate::community::speaker;
use crate::discussions::{no_pull, require_unlocked, text};
use crate::store::discussions;
use crate::store::line_comments::{self, LineRow};
use crate::{Community, CommunityError, People, ThreadEvent, ThreadEventId};

/// The most comments on lines of one pull request.
const COMMENTS_MAX: i64 = 1_000;
/// How many lines one comment is about at most.
const LINES_MAX: u32 = 100;
/// How much of them it keeps, in characters.
const EXCERPT_MAX: usize = 4_000;
/// How many pairs of texts are compared to find lines again; comments beyond count as outdated.
const PAIRS_MAX: usize = 100;
/// How many lines before and after are shown to whoever writes a comment.
const AROUND: usize = 3;

words! {
    /// A side of a comparison.
    Side {
        /// As it was.
        Old = "old",
        /// As the pull request has it.
        New = "new",
    }
}

/// What somebody says of some lines.
#[derive(Clone, Debug)]
pub struct NewLineComment {
    /// The path of the file on that side.
    pub path: String,
    /// The side.
    pub side: Side,
    /// The lines.
    pub lines: LineRange,
    /// What is said; a fence of the kind `suggestion` says what shall stand there instead.
    pub text: String,
    /// The commit that was looked at; `None` for wherever the pull request is.
    pub commit: Option<Oid>,
}

/// A comment on lines.
#[derive(Clone, Debug)]
pub struct LineComment {
    /// The comment of the discussion.
    pub event: ThreadEventId,
    /// The path of the file on that side.
    pub path: String,
    /// The side.
    pub side: Side,
    /// The lines as they were counted when it was written.
    pub lines: LineRange,
    /// Where the pull request was.
    pub commit: Oid,
    /// Those lines, or their beginning.
    pub excerpt: String,
    /// Where the lines are now; `None` if the comment is outdated.
    pub place: Option<LineRange>,
    /// The commit that applied its suggestion.
    pub applied: Option<Oid>,
}

/// Lines to comment on, with some around them.
#[derive(Clone, Debug)]
pub struct LineContext {
    /// Where the pull request is.
    pub commit: Oid,
    /// Lines with their numbers.
    pub lines: Vec<(u32, String)>,
}

impl Community {
    /// Adds a comment on lines of a file that the pull request changes.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] for lines that are not there; [`CommunityError::Conflict`] if the pull request moved on
    /// or is over.
    pub async fn comment_line(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        new: &NewLineComment,
    ) -> Result<(ThreadEvent, People), CommunityError> {
        speaker(repo)?;
        let body = text::comment(&new.text)?;
        repo.demand(Access::Read)?;
        let LineRange { first, last } = new.lines;
        if first == 0 || last < first || last - first >= LINES_MAX {
            return Err(CommunityError::BadRequest(format!(
                "a comment is about 1 to {LINES_MAX} lines, counted from 1"
            )));
        }
        let pull = self.pull_of(repo, number).await?;
        let commit = head_of(&pull, new.commit)?;
        let (blob, content) = side_text(repo, &pull, &new.path, new.side).await?;
        let lines: Vec<&str> = content.lines().skip(first as usize - 1).take((last - first + 1) as usize).collect();
        if lines.len() != (last - first + 1) as usize {
            return Err(no_line(&new.path, last));
        }
        let excerpt: String = lines.join("\n").chars().take(EXCERPT_MAX).collect();
        let (mut tx, by, mut locked) = self.begin_in(repo, number).await?;
        require_unlocked(repo, &locked)?;
        require_live(&locked.discussion)?;
        if line_comments::count(&mut tx, locked.discussion.id).await? >= COMMENTS_MAX {
            return Err(CommunityError::Conflict(format!(
                "a pull request has at most {COMMENTS_MAX} comments on lines: say it in the discussion"
            )));
        }
        let event = self.add_comment(&mut tx, repo, &mut locked, by, &body).await?;
        let row = LineRow {
            event,
            commit,
            blob,
            path: new.path.clone(),
            side: new.side,
            lines: new.lines,
            excerpt: excerpt.replace('\0', ""),
            applied: None,
        };
        line_comments::insert(&mut tx, locked.discussion.id, &row).await?;
        discussions::update(&mut tx, &locked).await?;
        tx.commit().await?;
        self.thread_event(&locked.discussion, event).await
    }

    /// The comments on lines of a pull request, oldest first, with where the lines are now.
    ///
    /// # Errors
    /// [`RepoError::Gated`] for those who may not read the files.
    pub async fn line_comments(&self, repo: &Repo, number: ThreadNumber) -> Result<Vec<LineComment>, CommunityError> {
        let discussion = self.discussion(repo, number).await?;
        repo.demand(Access::Read)?;
        let rows = line_comments::of(self.db(), discussion.id).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let pull = repo.pull(number).await?.ok_or_else(|| no_pull(number))?;
        let changes = match repo.pull_changes(&pull).await {
            Err(RepoError::TooLarge(_)) => Vec::new(),
            changes => changes?,
        };
        let mut asked: HashMap<(Oid, Oid), Vec<usize>> = HashMap::new();
        let mut places: Vec<Option<LineRange>> = vec![None; rows.len()];
        for (at, row) in rows.iter().enumerate() {
            if let Some(now) = blob_on(&changes, &row.path, row.side) {
                let is_known = asked.contains_key(&(row.blob, now));
                if is_known || asked.len() < PAIRS_MAX {
                    asked.entry((row.blob, now)).or_default().push(at);
                }
            }
        }
        for ((then, now), of) in asked {
            let found = repo.follow_lines(then, now, of.iter().map(|at| rows[*at].lines).collect()).await?;
            for (at, place) in of.into_iter().zip(found) {
                places[at] = place;
            }
        }
        let comment = |(row, place): (LineRow, Option<LineRange>)| LineComment {
            event: row.event,
            path: row.path,
            side: row.side,
            lines: row.lines,
            commit: row.commit,
            excerpt: row.excerpt,
            place,
            applied: row.applied,
        };
        Ok(rows.into_iter().zip(places).map(comment).collect())
    }

    /// A line of a changed file with some around it, for whoever wants to comment on it.
    pub async fn line_context(
        &self,
        repo: &Repo,
        number: ThreadNumber,
        (path, side, line): (&str, Side, u32),
    ) -> Result<LineContext, CommunityError> {
        self.discussion(repo, number).await?;
        repo.demand(Access::Read)?;
        let pull = self.pull_of(repo, number).await?;
        let commit = head_of(&pull, None)?;
        let (_, content) = side_text(repo, &pull, path, side).await?;
        let start = (line as usize).saturating_sub(AROUND + 1);
        let lines: Vec<(u32, String)> =
            (1..).zip(content.lines().map(str::to_owned)).skip(start).take(2 * AROUND + 1).collect();
        if !lines.iter().any(|(number, _)| *number == line) {
            return Err(no_line(path, line));
        }
        Ok(LineContext { commit, lines })
    }
}

fn no_line(path: &str, line: u32) -> CommunityError {
    CommunityError::BadRequest(format!("{path:?} has no line {line} there"))
}

/// The blob that a path is on one side of a comparison.
fn blob_on(changes: &[Change], path: &str, side: Side) -> Option<Oid> {
    let found = |change: &&Change| match side {
        Side::Old => change.path == path && change.old.is_some(),
        Side::New => change.new_path.as_ref().unwrap_or(&change.path) == path && change.new.is_some(),
    };
    let change = changes.iter().find(found)?;
    Some(if side == Side::Old { change.old?.oid } else { change.new?.oid })
}

async fn side_text(repo: &Repo, pull: &Pull, path: &str, side: Side) -> Result<(Oid, String), CommunityError> {
    let changes = repo.pull_changes(pull).await?;
    let unchanged = || CommunityError::BadRequest(format!("the pull request does not change {path:?} on that side"));
    let blob = blob_on(&changes, path, side).ok_or_else(unchanged)?;
    let no_text = || CommunityError::BadRequest(format!("{path:?} is no small text, so it has no lines here"));
    Ok((blob, repo.small_text(blob).await?.ok_or_else(no_text)?))
}
