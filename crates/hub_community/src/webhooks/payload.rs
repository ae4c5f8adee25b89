//! What a message says: version 3 of the original's payload.

use hub_account::wire_id;
use hub_repo::RepoState;
use serde_json::{Value, json};

use super::Domain;
use crate::Review;
use crate::discussions::Discussion;
use crate::store::threads::EventRow;

/// What happened, as webhooks are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) action: &'static str,
    pub(super) scope: &'static str,
    pub(super) domain: Domain,
}

impl Told {
    /// What an event of the outbox is called; `None` for those that webhooks are not told.
    pub(super) fn of(kind: &str, payload: &Value) -> Option<Self> {
        let repo = |action, scope| Some(Self { action, scope, domain: Domain::Repo });
        let discussion = |action, scope| Some(Self { action, scope, domain: Domain::Discussion });
        match kind {
            "repo.push" if payload["ref"] == "refs/heads/main" && payload["old"].is_null() => repo("create", "repo"),
            "repo.push" => repo("update", "repo.content"),
            "repo.settings" => repo("update", "repo.config"),
            "repo.moved" => repo("move", "repo"),
            "discussion.created" => discussion("create", "discussion"),
            "discussion.updated" => discussion("update", "discussion"),
            "discussion.comment.created" => discussion("create", "discussion.comment"),
            "discussion.comment.edited" | "discussion.comment.hidden" => discussion("update", "discussion.comment"),
            _ => None,
        }
    }
}

/// What is known of the thing that an event is about.
pub(super) struct Subject {
    pub(super) told: Told,
    pub(super) repo: RepoState,
    pub(super) discussion: Option<Discussion>,
    pub(super) comment: Option<EventRow>,
    /// What it says of a pull request as a whole, if the comment is a review.
    pub(super) review: Option<Review>,
    pub(super) event: Value,
}

impl Subject {
    /// The message, without what tells one webhook from another.
    pub(super) fn payload(&self, base: &str) -> Value {
        let repo = &self.repo;
        let path = repo.addr.url_path();
        let api = format!("{base}/api/{}/{}", repo.addr.kind.plural(), repo.addr.repo_id());
        let mut payload = json!({
            "event": { "action": self.told.action, "scope": self.told.scope },
            "repo": {
                "type": repo.addr.kind.word(),
                "name": repo.addr.repo_id(),
                "id": wire_id(repo.id.key()),
                "private": repo.visibility.is_hidden(),
                "url": { "web": format!("{base}/{path}"), "api": api },
                "owner": { "id": repo.owner.to_string() },
            },
        });
        if let Some(new) = self.event["new"].as_str().filter(|_| self.event["ref"] == "refs/heads/main") {
            payload["repo"]["headSha"] = new.into();
            payload["repo"]["head_sha"] = new.into();
        }
        if self.told.scope == "repo.content" || self.told.scope == "repo" && self.event["ref"].is_string() {
            payload["updatedRefs"] = json!([{
                "ref": self.event["ref"], "oldSha": self.event["old"], "newSha": self.event["new"],
            }]);
        }
        if self.told.action == "move" {
            payload["movedTo"] = json!({ "name": repo.addr.repo_id(), "owner": { "id": repo.owner.to_string() } });
        }
        if let Some(discussion) = &self.discussion {
            let place = format!("discussions/{}", discussion.number);
            let web = format!("{base}/{path}/{place}");
            payload["discussion"] = json!({
                "id": discussion.id.wire(),
                "num": discussion.number.get(),
                "title": discussion.title,
                "status": discussion.status.word(),
                "isPullRequest": discussion.is_pull,
                "pinned": discussion.pinned,
                "author": { "id": discussion.author.to_string() },
                "url": { "web": web, "api": format!("{api}/{place}") },
            });
            if discussion.is_pull {
                payload["discussion"]["changes"] = json!({ "base": "refs/heads/main" });
            }
            if let Some(comment) = &self.comment {
                let is_hidden = comment.hidden.is_some();
                let id = comment.id.wire();
                payload["comment"] = json!({
                    "id": id,
                    "author": { "id": comment.author.to_string() },
                    "hidden": is_hidden,
                    "url": { "web": format!("{web}#{id}") },
                });
                if let Some(review) = &self.review {
                    payload["comment"]["review"] =
                        json!({ "verdict": review.verdict.word(), "commitId": review.commit.to_string() });
                }
                if !is_hidden {
                    payload["comment"]["content"] = comment.body.clone().unwrap_or_default().into();
                }
            }
        }
        payload
    }
}
