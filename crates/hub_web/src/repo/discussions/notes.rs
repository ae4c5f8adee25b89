//! Comments on lines as pages show them: under their line, or with their excerpt in the discussion.

use std::collections::HashMap;

use hub_community::{Community, Happening, LineComment, Side, Thread, suggestion_of};
use hub_core::{Access, ThreadNumber};
use hub_repo::Repo;

use crate::error::PageError;
use crate::visit::Visit;

/// Where a comment belongs, as a reader sees it.
pub(super) struct NoteView {
    /// The file with its lines.
    pub(super) place: String,
    pub(super) excerpt: String,
    /// The commit that an outdated comment was on.
    pub(super) outdated: Option<String>,
    /// The commit that applied its suggestion.
    pub(super) applied: Option<String>,
    pub(super) can_apply: bool,
    pub(super) comment: LineComment,
}

/// The comments on lines by the ids of their events; none for those who may not read the files.
pub(super) async fn notes(
    visit: &Visit,
    community: &Community,
    repo: &Repo,
    (number, thread): (ThreadNumber, &Thread),
    is_live: bool,
) -> Result<HashMap<String, NoteView>, PageError> {
    if thread.pull.is_none() || !repo.permits(Access::Read) {
        return Ok(HashMap::new());
    }
    let me = visit.caller.user().map(|user| user.id);
    let may_apply =
        is_live && (me == Some(thread.discussion.author) && repo.may_discuss() || repo.permits(Access::Write));
    let suggests = |id: &str| {
        let event = thread.events.iter().find(|event| event.id == id);
        match event.map(|event| &event.what) {
            Some(Happening::Comment(said)) => said.hidden_by.is_none() && suggestion_of(&said.body).is_some(),
            _ => false,
        }
    };
    let note = |comment: LineComment| {
        let id = comment.event.wire();
        let lines = comment.place.unwrap_or(comment.lines);
        let range = match lines.first == lines.last {
            true => lines.last.to_string(),
            false => format!("{}–{}", lines.first, lines.last),
        };
        let can_apply = may_apply
            && comment.applied.is_none()
            && comment.place.is_some()
            && comment.side == Side::New
            && suggests(&id);
        let view = NoteView {
            place: format!("{}:{range}", comment.path),
            excerpt: comment.excerpt.clone(),
            outdated: comment.place.is_none().then(|| comment.commit.to_string()),
            applied: comment.applied.map(|commit| commit.to_string()),
            can_apply,
            comment,
        };
        (id, view)
    };
    Ok(community.line_comments(repo, number).await?.into_iter().map(note).collect())
}
