//! Super-squash: a branch keeps its files and loses its history. What only the old history held is collected later.

use hub_core::{Access, CommitId, Revision};
use hub_formats::git::{Commit, ObjectKind};

use crate::objects::prepare_object;
use crate::rules::BranchAct;
use crate::store::commits::CommitRow;
use crate::store::{commits, objects, refs, repos};
use crate::{Repo, RepoError};

impl Repo {
    /// Replaces the history of a branch by one commit with the same files.
    ///
    /// # Errors
    /// [`RepoError::RevisionNotFound`] if there is no such branch; [`RepoError::Conflict`] if it moved meanwhile;
    /// [`RepoError::BadRequest`] if git would refuse the message.
    pub async fn super_squash(&self, branch: &Revision, message: &str) -> Result<CommitId, RepoError> {
        self.require(Access::Admin)?;
        if message.contains('\0') {
            return Err(RepoError::BadRequest("the message may hold no NUL character".to_owned()));
        }
        let (branch, head) = self.writable_branch(branch).await?;
        self.require_by_rules(&branch, BranchAct::Force).await?;
        let old = self.commit_row(CommitId::new(head)).await?;
        let now = self.repos.clock().now();
        let author = self.signature(now.seconds());
        let message = if message.trim().is_empty() { "Super-squash branch history" } else { message.trim() };
        let commit = Commit {
            tree: old.tree,
            parents: Vec::new(),
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: message.as_bytes().to_vec(),
        };
        let object = prepare_object(ObjectKind::Commit, &commit.write());
        let row = CommitRow {
            oid: object.oid,
            tree: old.tree,
            parents: Vec::new(),
            generation: 1,
            ancestors: 1,
            seconds: now.seconds(),
        };
        let paths = self.all_paths(CommitId::new(head)).await?;
        let mut tx = self.repos.db().begin().await?;
        objects::insert(&mut tx, self.id(), std::slice::from_ref(&object), now).await?;
        commits::insert(&mut tx, self.id(), &row, None).await?;
        commits::insert_changes(&mut tx, self.id(), &row, paths.iter().map(String::as_str)).await?;
        if !refs::compare_and_swap(&mut tx, self.id(), &branch, Some(head), row.oid, now).await? {
            return Err(RepoError::Conflict(format!("{} moved meanwhile: try again", branch.short())));
        }
        repos::touch(&mut tx, self.id(), now).await?;
        self.note_push(&mut tx, &branch, Some(head), Some(row.oid)).await?;
        tx.commit().await?;
        Ok(CommitId::new(row.oid))
    }

    /// Every file and folder of a commit.
    pub(crate) async fn all_paths(&self, commit: CommitId) -> Result<Vec<String>, RepoError> {
        let mut paths = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.list_tree(commit, None, true, after.as_deref(), 5_000).await?;
            paths.extend(page.entries.into_iter().map(|entry| entry.path));
            after = page.next;
            if after.is_none() {
                return Ok(paths);
            }
        }
    }
}
