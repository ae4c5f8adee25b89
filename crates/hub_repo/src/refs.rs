//! Branches and tags: list, create, delete.

use hub_core::{Access, Oid, RefName, Revision};
use hub_formats::git::{Commit, ObjectKind, Tag};

use crate::objects::prepare_object;
use crate::rules::BranchAct;
use crate::store::commits::{CommitRow, Introduced};
use crate::store::{commits, objects, refs, repos};
use crate::{Repo, RepoError};

/// A reference and the commit that it leads to.
#[derive(Clone, Debug)]
pub struct RefTarget {
    /// The full name.
    pub name: RefName,
    /// The commit.
    pub commit: Oid,
}

/// All references, by what they are.
#[derive(Clone, Debug, Default)]
pub struct RefList {
    /// Branches.
    pub branches: Vec<RefTarget>,
    /// What Hearth made from the content (`refs/convert/…`).
    pub converts: Vec<RefTarget>,
    /// Tags.
    pub tags: Vec<RefTarget>,
    /// Branches of pull requests (`refs/pr/…`).
    pub pull_requests: Vec<RefTarget>,
}

impl Repo {
    /// All references. Annotated tags are shown with the commit that they name; tags of single files or folders, which
    /// only git knows, are left out.
    pub async fn list_refs(&self) -> Result<RefList, RepoError> {
        let mut list = RefList::default();
        for (name, oid) in refs::list(self.repos.db(), self.id()).await? {
            let Ok(name) = name.parse::<RefName>() else { continue };
            let commit = match name.is_tag() {
                false => oid,
                true => match self.peel(oid).await {
                    Ok(commit) => commit.oid(),
                    Err(RepoError::RevisionNotFound(_)) => continue,
                    Err(error) => return Err(error),
                },
            };
            let target = RefTarget { name, commit };
            if target.name.is_branch() {
                list.branches.push(target);
            } else if target.name.is_tag() {
                list.tags.push(target);
            } else if target.name.is_convert() {
                list.converts.push(target);
            } else if target.name.is_pull_request() {
                list.pull_requests.push(target);
            }
        }
        Ok(list)
    }

    /// Creates a branch at a revision, or one with a first commit without files.
    ///
    /// # Errors
    /// [`RepoError::BadRequest`] for a name that git would refuse, [`RepoError::RevisionNotFound`] for an unknown start,
    /// [`RepoError::Conflict`] if it exists and `overwrite` is not set.
    pub async fn create_branch(
        &self,
        name: &str,
        start: Option<&Revision>,
        empty: bool,
        overwrite: bool,
    ) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        let branch = branch_name(name)?;
        let now = self.repos.clock().now();
        let existing = refs::get(self.repos.db(), self.id(), &branch).await?;
        if existing.is_some() && !overwrite {
            return Err(exists(&branch));
        }
        let start_oid = if empty {
            None
        } else {
            let start = start.cloned().unwrap_or_else(Revision::main);
            Some(self.resolve(&start).await?.oid())
        };
        let act = match (existing, start_oid) {
            (Some(_), None) => BranchAct::Force,
            (Some(old), Some(new)) => self.act_of_move(Some(old), new).await?,
            (None, _) => BranchAct::Push,
        };
        self.require_by_rules(&branch, act).await?;
        let mut tx = self.repos.db().begin().await?;
        let target = match start_oid {
            Some(oid) => oid,
            None => self.write_empty_commit(&mut tx).await?,
        };
        if overwrite {
            refs::set(&mut tx, self.id(), &branch, target, now).await?;
        } else if !refs::compare_and_swap(&mut tx, self.id(), &branch, None, target, now).await? {
            return Err(exists(&branch));
        }
        repos::touch(&mut tx, self.id(), now).await?;
        self.note_push(&mut tx, &branch, existing, Some(target)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A commit without parents and files, for branches that start from nothing.
    async fn write_empty_commit(&self, tx: &mut hub_db::Tx) -> Result<Oid, RepoError> {
        let now = self.repos.clock().now();
        let author = self.signature(now.seconds());
        let commit = Commit {
            tree: Oid::EMPTY_TREE,
            parents: Vec::new(),
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: b"initial commit".to_vec(),
        };
        let tree = prepare_object(ObjectKind::Tree, b"");
        let object = prepare_object(ObjectKind::Commit, &commit.write());
        let row = CommitRow {
            oid: object.oid,
            tree: tree.oid,
            parents: Vec::new(),
            generation: 1,
            ancestors: 1,
            seconds: now.seconds(),
        };
        let oid = object.oid;
        let introduced = Introduced { trees: vec![tree.oid], blobs: Vec::new() };
        objects::insert(tx, self.id(), &[tree, object], now).await?;
        commits::insert(tx, self.id(), &row, Some(&introduced)).await?;
        Ok(oid)
    }

    /// Deletes a branch.
    pub async fn delete_branch(&self, name: &str) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        let branch = branch_name(name)?;
        if branch == RefName::main() {
            return Err(RepoError::Forbidden(format!("Cannot delete {branch}")));
        }
        self.require_by_rules(&branch, BranchAct::Delete).await?;
        self.delete_ref(&branch).await
    }

    /// Creates a tag at a revision; with a message, an annotated one.
    pub async fn create_tag(&self, name: &str, at: &Revision, message: Option<&str>) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        // The revision is looked up first: the reference client expects to hear of it whatever the name.
        let commit = self.resolve(at).await?;
        let invalid = || RepoError::BadRequest(format!("Invalid reference for a tag: {name:?}"));
        if name == "HEAD" || name.starts_with("refs/") || message.is_some_and(|text| text.contains('\0')) {
            return Err(invalid());
        }
        let tag = RefName::tag(name).map_err(|_| invalid())?;
        let now = self.repos.clock().now();
        let annotation = message.map(str::trim).filter(|text| !text.is_empty()).map(|text| {
            let annotated = Tag {
                object: commit.oid(),
                kind: ObjectKind::Commit,
                name: name.as_bytes().to_vec(),
                tagger: Some(self.signature(now.seconds())),
                extra: Vec::new(),
                message: text.as_bytes().to_vec(),
            };
            prepare_object(ObjectKind::Tag, &annotated.write())
        });
        let target = annotation.as_ref().map_or(commit.oid(), |object| object.oid);
        let mut tx = self.repos.db().begin().await?;
        objects::insert(&mut tx, self.id(), annotation.as_slice(), now).await?;
        if !refs::compare_and_swap(&mut tx, self.id(), &tag, None, target, now).await? {
            return Err(exists(&tag));
        }
        self.note_push(&mut tx, &tag, None, Some(target)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a tag.
    pub async fn delete_tag(&self, name: &str) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        let tag = RefName::tag(name).map_err(|_| RepoError::RevisionNotFound(name.to_owned()))?;
        self.delete_ref(&tag).await
    }

    async fn delete_ref(&self, name: &RefName) -> Result<(), RepoError> {
        let old = refs::get(self.repos.db(), self.id(), name).await?;
        let mut tx = self.repos.db().begin().await?;
        if !refs::delete(&mut tx, self.id(), name).await? {
            return Err(RepoError::RevisionNotFound(name.short().to_owned()));
        }
        repos::touch(&mut tx, self.id(), self.repos.clock().now()).await?;
        self.note_push(&mut tx, name, old, None).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The branch that a request names: `x` and `refs/heads/x` are the same, other `refs/…` are no branches.
fn branch_name(name: &str) -> Result<RefName, RepoError> {
    let short = name.strip_prefix("refs/heads/").unwrap_or(name);
    let invalid = || RepoError::BadRequest(format!("Invalid reference for a branch: {name:?}"));
    if short == "HEAD"
        || short.starts_with("refs/")
        || short.len() == 40 && short.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Err(invalid());
    }
    RefName::branch(short).map_err(|_| invalid())
}

fn exists(name: &RefName) -> RepoError {
    RepoError::Conflict(format!("Reference {name} already exists"))
}
