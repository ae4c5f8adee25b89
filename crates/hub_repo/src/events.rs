//! What others must learn of a change, written in the transaction that makes the change.

use hub_core::{Oid, RefName};
use hub_db::Tx;
use hub_jobs::Outbox;
use serde_json::{Value, json};

use crate::{Repo, RepoError};

impl Repo {
    /// Notes that something happened to this repository.
    pub(crate) async fn note(&self, tx: &mut Tx, kind: &str, payload: Value) -> Result<(), RepoError> {
        let subject = format!("repo:{}", self.id().key());
        Outbox::append(tx, kind, &subject, &payload, self.repos.clock().now()).await?;
        Ok(())
    }

    /// Notes that a reference moved, appeared (`old` is `None`) or went away (`new` is `None`).
    pub(crate) async fn note_push(
        &self,
        tx: &mut Tx,
        name: &RefName,
        old: Option<Oid>,
        new: Option<Oid>,
    ) -> Result<(), RepoError> {
        let payload = json!({
            "repo": self.addr().repo_id(),
            "kind": self.addr().kind.word(),
            "ref": name.as_str(),
            "old": old,
            "new": new,
            "by": self.caller().user().map(|user| user.id.key()),
        });
        self.note(tx, "repo.push", payload).await
    }
}
