//! People and organisations take another name, and their repositories with them.
//!
//! Rows of repositories bear the name of their owner, so that addresses are found without a join: a change of name changes
//! all of them in one transaction. Each old address keeps leading to its repository, as after a rename of that alone, and
//! each repository tells the outbox that it moved, so that indexes and hooks follow without knowing of owners.

use hub_account::{AccountError, By, Caller};
use hub_core::{NamespaceName, SecretString};
use hub_jobs::Outbox;
use serde_json::json;

use crate::store::repos;
use crate::{RepoError, Repos};

/// Repositories of one owner that are renamed at once. All their events stand in one transaction, which others wait for.
const REPOS_MAX: i64 = 100_000;
/// Events that are written with one statement.
const BATCH: i64 = 1000;

impl Repos {
    /// Gives a person or an organisation another name. Old addresses lead on; keys, tokens and sessions stay.
    ///
    /// # Errors
    /// Those of [`hub_account::Accounts::may_rename`] and [`hub_account::Accounts::rename_in`];
    /// [`RepoError::Conflict`] for an owner of more than 100,000 repositories.
    pub async fn rename_owner(
        &self,
        caller: &Caller,
        from: &NamespaceName,
        to: &NamespaceName,
        password: Option<&SecretString>,
    ) -> Result<(), RepoError> {
        let by = By::Caller(caller);
        let owner = self.accounts().may_rename(by, from, password).await?;
        if repos::count_of(self.db(), owner.id).await? > REPOS_MAX {
            return Err(RepoError::Conflict(format!(
                "{from} has more than 100,000 repositories, too many to rename at once: move them to another owner instead"
            )));
        }
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        self.accounts().rename_in(&mut tx, by, &owner, to).await?;
        let renamed = repos::rename_owner(&mut tx, owner.id, to).await;
        if renamed.as_ref().is_err_and(hub_db::DbError::is_unique) {
            return Err(AccountError::NameTaken { name: to.to_string() }.into());
        }
        renamed?;
        let mut after = i64::MIN;
        loop {
            let batch = repos::names_of(&mut tx, owner.id, after, BATCH).await?;
            let Some((last, _)) = batch.last() else { break };
            after = *last;
            let event = |(id, name): &(i64, String)| {
                let payload = json!({ "from": format!("{}/{name}", owner.name), "to": format!("{to}/{name}") });
                (format!("repo:{id}"), payload)
            };
            let events: Vec<_> = batch.iter().map(event).collect();
            Outbox::append_many(&mut tx, "repo.moved", &events, now).await?;
        }
        Ok(tx.commit().await?)
    }
}
