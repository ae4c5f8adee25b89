//! Discussions and what happens in them, as the wire shows them.

use hub_community::{Comment, Discussion, Happening, People, Reaction, Thread, ThreadEvent};
use hub_core::RepoAddr;
use hub_http::PublicUrl;
use hub_repo::Repo;
use serde_json::{Value, json};

use crate::community::people::{add_author, person_view};

/// What a hidden comment says.
const HIDDEN: &str = "This comment has been hidden";

/// What it takes to show discussions of a repository.
pub(super) struct Viewer<'a> {
    pub(super) public_url: &'a PublicUrl,
    pub(super) repo: &'a Repo,
    pub(super) people: &'a People,
}

pub(in crate::community) fn repo_view(addr: &RepoAddr) -> Value {
    json!({ "name": addr.repo_id(), "type": addr.kind.word() })
}

impl Viewer<'_> {
    /// An item of a list.
    pub(super) fn item(&self, discussion: &Discussion, reactions: &[(Reaction, i64)]) -> Value {
        let top: Vec<Value> = reactions
            .iter()
            .take(3)
            .map(|(reaction, count)| json!({ "reaction": reaction.word(), "count": count }))
            .collect();
        let mut view = json!({
            "num": discussion.number.get(),
            "repo": repo_view(self.repo.addr()),
            "title": discussion.title,
            "createdAt": discussion.created.to_string(),
            "status": discussion.status.word(),
            "isPullRequest": discussion.is_pull,
            "numComments": discussion.comments,
            "numReactionUsers": discussion.reactors,
            "pinned": discussion.pinned,
            "topReactions": top,
        });
        add_author(&mut view, self.public_url, self.people, Some(discussion.author));
        view
    }

    /// A discussion with everything that happened in it.
    pub(super) fn thread(&self, thread: &Thread) -> Value {
        let discussion = &thread.discussion;
        let events: Vec<Value> = thread.events.iter().map(|event| self.event(event)).collect();
        let mut view = json!({
            "_id": discussion.id.wire(),
            "num": discussion.number.get(),
            "repo": repo_view(self.repo.addr()),
            "title": discussion.title,
            "createdAt": discussion.created.to_string(),
            "status": discussion.status.word(),
            "events": events,
            "pinned": discussion.pinned,
            "locked": discussion.locked,
            "collection": "discussions",
            "isPullRequest": discussion.is_pull,
            "isReport": false,
        });
        add_author(&mut view, self.public_url, self.people, Some(discussion.author));
        if let Some(found) = &thread.pull {
            let mut changes = json!({ "base": found.pull.base.as_str() });
            if let Some(merged) = thread.merged() {
                changes["mergeCommitId"] = merged.commit.to_string().into();
            }
            match found.pull.head {
                Some(head) => changes["headCommitId"] = head.to_string().into(),
                None => changes["refDeleted"] = true.into(),
            }
            view["changes"] = changes;
            view["filesWithConflicts"] = found.conflicts.clone().into();
        }
        view
    }

    /// Something that happened.
    pub(super) fn event(&self, event: &ThreadEvent) -> Value {
        let (kind, data) = match &event.what {
            Happening::Comment(comment) => ("comment", self.comment(event, comment)),
            Happening::Status(status) => ("status-change", json!({ "status": status.word() })),
            Happening::Title { from, to } => ("title-change", json!({ "from": from, "to": to })),
            Happening::Pinned(pinned) => ("pinning-change", json!({ "pinned": pinned })),
            Happening::Locked(locked) => ("locking-change", json!({ "locked": locked })),
            Happening::RefDeleted => ("ref-deleted", json!({})),
            Happening::Commit { oid, subject } => ("commit", json!({ "subject": subject, "oid": oid.to_string() })),
        };
        let mut view = json!({ "id": event.id, "createdAt": event.at.to_string(), "type": kind, "data": data });
        add_author(&mut view, self.public_url, self.people, event.author);
        if let (Some(author), Some(known)) = (event.author, view.get_mut("author")) {
            known["isOwner"] = (author == self.repo.state().owner).into();
        }
        view
    }

    fn comment(&self, event: &ThreadEvent, comment: &Comment) -> Value {
        let is_hidden = comment.hidden_by.is_some();
        let body = if is_hidden { HIDDEN } else { &comment.body };
        let (updated, editor) = comment.edited.map_or((event.at, event.author), |(at, by)| (at, Some(by)));
        let mut latest = json!({ "raw": body, "html": html_of(body), "updatedAt": updated.to_string() });
        add_author(&mut latest, self.public_url, self.people, editor);
        let history = comment.history.iter().map(|edition| {
            let mut view = json!({
                "raw": edition.body, "html": html_of(&edition.body), "updatedAt": edition.written.to_string(),
            });
            add_author(&mut view, self.public_url, self.people, Some(edition.author));
            view
        });
        let editors: Vec<_> = editor.and_then(|editor| self.people.get(editor)).into_iter().collect();
        let reactions = comment.reactions.iter().map(|reactions| {
            let names = reactions.people.iter().filter_map(|id| self.people.get(*id));
            json!({
                "reaction": reactions.reaction.word(),
                "users": names.map(|person| person.name.to_string()).collect::<Vec<_>>(),
                "count": reactions.people.len(),
            })
        });
        let mut data = json!({
            "edited": comment.edited.is_some(),
            "hidden": is_hidden,
            "latest": latest,
            "history": history.collect::<Vec<_>>(),
            "numEdits": comment.history.len(),
            "editors": editors.iter().map(|person| person.name.to_string()).collect::<Vec<_>>(),
            "editorAvatarUrls":
                editors.iter().map(|person| self.public_url.join(&person.avatar_path())).collect::<Vec<_>>(),
            "reactions": reactions.collect::<Vec<_>>(),
            "isReport": false,
        });
        if let Some(review) = comment.review {
            data["review"] = json!({ "verdict": review.verdict.word(), "commitId": review.commit.to_string() });
        }
        if let Some(by) = comment.hidden_by.and_then(|by| self.people.get(by)) {
            data["hiddenBy"] = person_view(self.public_url, by)["name"].clone();
        }
        if let Some(reason) = comment.hidden_reason {
            data["hiddenReason"] = reason.word().into();
        }
        data
    }
}

/// A comment as text in paragraphs. The pages of Hearth render its Markdown; here it is only made safe to show.
pub(in crate::community) fn html_of(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>", escaped(paragraph).replace('\n', "<br>"))).collect()
}

/// A remark beside something, without a paragraph around it.
pub(in crate::community) fn inline_html_of(text: &str) -> String {
    escaped(text.trim()).replace('\n', "<br>")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\r' => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_safe_to_show() {
        assert_eq!(
            html_of("<b>\"a\"</b>\nb\r\n\n\n'c' & d\n"),
            concat!("<p>&lt;b&gt;&quot;a&quot;&lt;/b&gt;<br>b</p>", "<p>&#39;c&#39; &amp; d</p>",)
        );
    }
}
