//! What a repository asks of reviews: read and changed.

use hub_account::Act;
use hub_core::Access;
use hub_repo::Repo;
use serde_json::json;

use super::{APPROVALS_MAX, ReviewPolicy};
use crate::community::speaker;
use crate::store::reviews;
use crate::{Community, CommunityError};

impl Community {
    /// What a repository asks for before a pull request is merged.
    pub async fn review_policy(&self, repo: &Repo) -> Result<ReviewPolicy, CommunityError> {
        Ok(reviews::policy(self.db(), repo.id()).await?)
    }

    /// Asks for something else from now on. The repository is opened for administration.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] for more than ten approvals.
    pub async fn set_review_policy(&self, repo: &Repo, policy: ReviewPolicy) -> Result<(), CommunityError> {
        repo.demand(Access::Admin)?;
        speaker(repo)?;
        if policy.approvals > APPROVALS_MAX {
            return Err(CommunityError::BadRequest(format!("a repository asks for 0 to {APPROVALS_MAX} approvals")));
        }
        let addr = repo.addr().to_string();
        let detail =
            format!("approvals {}, code owners {}, fresh {}", policy.approvals, policy.code_owners, policy.fresh);
        let act = Act::new("repo.reviews", &addr).in_org(repo.state().owner).with(&detail);
        let mut tx = self.db().begin().await?;
        reviews::set_policy(&mut tx, repo.id(), policy).await?;
        self.accounts().record(&mut tx, repo.caller().into(), act).await?;
        let subject = format!("repo:{}", repo.id().key());
        self.note(&mut tx, "repo.settings", &subject, json!({ "repo": repo.addr().repo_id() })).await?;
        tx.commit().await?;
        Ok(())
    }
}
