//! Posts, articles and comments on them, as the wire shows them.

use hub_account::NamespaceId;
use hub_community::{People, Piece, PieceThread, Reaction, Reactions, Remark};
use hub_http::PublicUrl;
use hub_repo::RepoState;
use serde_json::{Value, json};

use crate::community::discussions::{html_of, repo_view};
use crate::community::people::{add_author, person_view};

/// What a hidden comment says.
const HIDDEN: &str = "This comment has been hidden";

/// What it takes to show pieces.
#[derive(Clone, Copy)]
pub(in crate::community) struct Viewer<'a> {
    pub(in crate::community) public_url: &'a PublicUrl,
    pub(in crate::community) people: &'a People,
}

/// A post without what was said about it.
pub(in crate::community) fn post_view(
    viewer: Viewer<'_>,
    piece: &Piece,
    references: &[RepoState],
    reactions: &[(Reaction, u64)],
) -> Value {
    let felt = reactions.iter().map(|(reaction, count)| json!({ "reaction": reaction.word(), "count": count }));
    let mut view = json!({
        "_id": piece.id.wire(),
        "slug": piece.slug,
        "rawContent": piece.body,
        "publishedAt": piece.published.to_string(),
        "updatedAt": piece.edited.unwrap_or(piece.published).to_string(),
        "url": viewer.path(piece),
        "numComments": piece.remarks,
        "reactions": felt.collect::<Vec<_>>(),
        "references": repos(references),
        "hidden": piece.hidden_by.is_some(),
    });
    // The one in whose name it is published; a person who writes for an organisation stands beside it.
    add_author(&mut view, viewer.public_url, viewer.people, Some(piece.owner));
    if piece.author != piece.owner
        && let Some(writer) = viewer.people.get(piece.author)
    {
        view["writer"] = person_view(viewer.public_url, writer);
    }
    view
}

/// An article without its text and without what was said about it.
pub(in crate::community) fn article_view(viewer: Viewer<'_>, piece: &Piece, references: &[RepoState]) -> Value {
    let mut view = json!({
        "_id": piece.id.wire(),
        "slug": piece.slug,
        "title": piece.title,
        "publishedAt": piece.published.to_string(),
        "updatedAt": piece.edited.unwrap_or(piece.published).to_string(),
        "url": viewer.path(piece),
        "upvotes": piece.upvotes,
        "numComments": piece.remarks,
        "draft": piece.is_draft,
        "hidden": piece.hidden_by.is_some(),
        "references": repos(references),
        "authors": viewer.persons(&[piece.author]),
    });
    if let Some(owner) = viewer.people.get(piece.owner) {
        view["owner"] = person_view(viewer.public_url, owner);
    }
    view
}

fn repos(references: &[RepoState]) -> Vec<Value> {
    references.iter().map(|repo| repo_view(&repo.addr)).collect()
}

impl Viewer<'_> {
    fn path(self, piece: &Piece) -> String {
        self.people.get(piece.owner).map(|owner| self.public_url.join(&piece.path(&owner.name))).unwrap_or_default()
    }

    pub(super) fn persons(self, ids: &[NamespaceId]) -> Vec<Value> {
        ids.iter().filter_map(|id| self.people.get(*id)).map(|one| person_view(self.public_url, one)).collect()
    }

    fn felt(self, reactions: &[Reactions]) -> Vec<Value> {
        let one = |one: &Reactions| {
            let names = one.people.iter().filter_map(|id| self.people.get(*id));
            json!({
                "reaction": one.reaction.word(),
                "users": names.map(|person| person.name.to_string()).collect::<Vec<_>>(),
                "count": one.people.len(),
            })
        };
        reactions.iter().map(one).collect()
    }

    /// Adds what belongs to a piece that is shown alone.
    pub(super) fn add_thread(self, view: &mut Value, piece: &Piece, thread: &PieceThread) {
        view["rawContent"] = piece.body.as_str().into();
        view["reactions"] = self.felt(&thread.reactions).into();
        view["isUpvotedByUser"] = thread.is_upvoted.into();
        let authors: Vec<NamespaceId> = [piece.author].into_iter().chain(thread.coauthors.iter().copied()).collect();
        view["authors"] = self.persons(&authors).into();
        view["comments"] = thread.remarks.iter().map(|remark| self.remark(piece, remark)).collect();
    }

    /// A comment, as the events of discussions are shown.
    pub(super) fn remark(self, piece: &Piece, remark: &Remark) -> Value {
        let is_hidden = remark.hidden_by.is_some();
        let body = if is_hidden { HIDDEN } else { &remark.body };
        let mut latest = json!({
            "raw": body,
            "html": html_of(body),
            "updatedAt": remark.edited.unwrap_or(remark.at).to_string(),
        });
        add_author(&mut latest, self.public_url, self.people, Some(remark.author));
        let editor = self.people.get(remark.author);
        let mut data = json!({
            "edited": remark.edited.is_some(),
            "hidden": is_hidden,
            "latest": latest,
            "numEdits": u8::from(remark.edited.is_some()),
            "editors": editor.map(|one| one.name.to_string()).into_iter().collect::<Vec<_>>(),
            "editorAvatarUrls":
                editor.map(|one| self.public_url.join(&one.avatar_path())).into_iter().collect::<Vec<_>>(),
            "reactions": self.felt(&remark.reactions),
            "isReport": false,
        });
        if let Some(by) = remark.hidden_by.and_then(|by| self.people.get(by)) {
            data["hiddenBy"] = by.name.to_string().into();
        }
        if let Some(reason) = remark.hidden_reason {
            data["hiddenReason"] = reason.word().into();
        }
        if let Some(parent) = remark.parent {
            data["parentCommentId"] = parent.wire().into();
        }
        let mut view = json!({
            "id": remark.id.wire(), "createdAt": remark.at.to_string(), "type": "comment", "data": data,
        });
        add_author(&mut view, self.public_url, self.people, Some(remark.author));
        if let Some(author) = view.get_mut("author") {
            author["isOwner"] = (remark.author == piece.owner).into();
        }
        view
    }
}
