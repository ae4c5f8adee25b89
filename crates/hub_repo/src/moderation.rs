//! What administrators of the instance impose on a repository: that it is switched off, or not for all audiences.

use hub_account::Act;
use hub_db::Tx;
use serde_json::json;

use crate::facts::Facts;
use crate::store::{facts, repos};
use crate::{Repo, RepoError};

impl Repo {
    /// Switches the repository off or on again, in the transaction of whoever decided so. Off, all but its metadata is
    /// closed to everyone but administrators of the instance.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] for others than administrators of the instance.
    pub async fn set_disabled(&self, tx: &mut Tx, is_off: bool) -> Result<(), RepoError> {
        self.require_moderator()?;
        if !repos::set_disabled(tx, self.id(), is_off).await? {
            return Err(RepoError::RepoNotFound);
        }
        self.impose(tx, if is_off { "repo.disable" } else { "repo.enable" }).await
    }

    /// Gives the repository the tag `not-for-all-audiences`, or takes it away again unless its own card has it. Later
    /// changes of the card leave it.
    ///
    /// # Errors
    /// [`RepoError::Forbidden`] for others than administrators of the instance.
    pub async fn set_not_for_all_audiences(&self, tx: &mut Tx, is_marked: bool) -> Result<(), RepoError> {
        self.require_moderator()?;
        let text = facts::lock(tx, self.id()).await?.ok_or(RepoError::RepoNotFound)?;
        let mut known = Facts::from_row(&text)?;
        if !is_marked && !card_has_tag(&known) {
            known.tags.retain(|tag| tag != facts::NOT_FOR_ALL);
        }
        repos::set_not_for_all(tx, self.id(), is_marked).await?;
        facts::write(tx, self.id(), &known).await?;
        self.impose(tx, if is_marked { "repo.mark" } else { "repo.unmark" }).await
    }

    fn require_moderator(&self) -> Result<(), RepoError> {
        if self.caller().is_instance_admin() {
            return Ok(());
        }
        Err(RepoError::Forbidden("only administrators of this Hearth may do this".to_owned()))
    }

    /// Tells the indexes that the repository changed, and the log who changed it.
    async fn impose(&self, tx: &mut Tx, action: &'static str) -> Result<(), RepoError> {
        self.note(tx, "repo.settings", json!({ "repo": self.addr().repo_id() })).await?;
        let addr = self.addr().to_string();
        let act = Act::new(action, &addr).in_org(self.state().owner);
        Ok(self.repos.accounts().record(tx, self.caller().into(), act).await?)
    }
}

fn card_has_tag(facts: &Facts) -> bool {
    let tags = facts.card_data.as_ref().and_then(|card| card.get("tags")).and_then(|tags| tags.as_array());
    tags.is_some_and(|tags| tags.iter().any(|tag| tag.as_str() == Some(facts::NOT_FOR_ALL)))
}
