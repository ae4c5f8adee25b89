//! The life of a repository: created, renamed or transferred, configured, duplicated, deleted.

use bytes::Bytes;
use hub_account::{Act, Caller, NamespaceId};
use hub_core::{Access, NamespaceName, OrgRole, RefName, RepoAddr, RepoKind, RepoName, RepoPath, Visibility};
use hub_formats::attributes;
use serde::{Deserialize, Serialize};

use crate::attention::TrendingScore;
use crate::commit::{CommitDraft, CommitHeader, Operation};
use crate::open::{Repo, RepoId, RepoState};
use crate::store::{buckets, environment, refs, repos};
use crate::{RepoError, Repos};

/// Whether files are shown only to those who asked for access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gating {
    /// Everyone who may know the repository may read it.
    Open,
    /// Whoever asks gets access.
    Auto,
    /// The owner decides on each request.
    Manual,
}

impl Gating {
    /// The word of the row: empty, `auto`, `manual`.
    pub(crate) fn to_db(self) -> &'static str {
        match self {
            Gating::Open => "",
            Gating::Auto => "auto",
            Gating::Manual => "manual",
        }
    }

    pub(crate) fn from_db(word: &str) -> Option<Self> {
        [Gating::Open, Gating::Auto, Gating::Manual].into_iter().find(|gating| gating.to_db() == word)
    }
}

/// What runs a Space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpaceSdk {
    /// A Gradio app.
    Gradio,
    /// A Streamlit app.
    Streamlit,
    /// A container.
    Docker,
    /// Plain files.
    Static,
}

impl SpaceSdk {
    /// The word that cards and clients use.
    pub fn word(self) -> &'static str {
        match self {
            SpaceSdk::Gradio => "gradio",
            SpaceSdk::Streamlit => "streamlit",
            SpaceSdk::Docker => "docker",
            SpaceSdk::Static => "static",
        }
    }
}

/// Settings that need no column of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// What runs the Space, as asked for at creation; its card may say otherwise later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<SpaceSdk>,
    /// One sentence shown beside the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether discussions are switched off.
    pub discussions_disabled: bool,
    /// Whether administrators of the instance have decided that it is not for all audiences.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_for_all_audiences: bool,
}

/// Which settings shall change; `None` leaves one as it is.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// Who may know of it.
    pub visibility: Option<Visibility>,
    /// Whether files are gated.
    pub gating: Option<Gating>,
    /// The sentence beside the name.
    pub description: Option<String>,
    /// Whether discussions are switched off.
    pub discussions_disabled: Option<bool>,
}

impl SettingsChange {
    pub(crate) fn applied_to(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        if let Some(description) = &self.description {
            settings.description = Some(description.clone());
        }
        settings.discussions_disabled = self.discussions_disabled.unwrap_or(settings.discussions_disabled);
        settings
    }
}

/// A file that a new repository starts with.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Where.
    pub path: RepoPath,
    /// Its content.
    pub content: Bytes,
}

/// The card of a repository that comes without one: that of a Space says what runs it, which clients rely on.
fn first_card(state: &RepoState, license: Option<&str>) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    if let Some(sdk) = state.settings.sdk {
        // Quoted, because a name may read as a number.
        lines.push(format!("title: \"{}\"", state.addr.name.as_str().replace(['-', '_'], " ")));
        lines.push(format!("sdk: {}", sdk.word()));
        lines.push("pinned: false".to_owned());
    }
    lines.extend(license.map(|license| format!("license: {license}")));
    (!lines.is_empty()).then(|| format!("---\n{}\n---\n", lines.join("\n")))
}

/// What is asked of a new repository.
#[derive(Clone, Debug)]
pub struct NewRepo {
    /// Its kind.
    pub kind: RepoKind,
    /// Whose it shall be; `None` means the caller's.
    pub namespace: Option<NamespaceName>,
    /// Its name.
    pub name: RepoName,
    /// Who may know of it; `None` means what its owner prefers.
    pub visibility: Option<Visibility>,
    /// What runs it, for Spaces.
    pub sdk: Option<SpaceSdk>,
    /// The licence for a first card.
    pub license: Option<String>,
    /// Files of the first commit.
    pub files: Vec<NewFile>,
}

impl Repos {
    /// Creates a repository with its first commit, or a bucket with nothing in it.
    ///
    /// # Errors
    /// [`RepoError::RepoExists`] if the address is taken; [`RepoError::Forbidden`] if the caller may not create in that
    /// namespace; [`RepoError::Unprocessable`] for a name that breaks the rules.
    pub async fn create(&self, caller: &Caller, new: NewRepo) -> Result<Repo, RepoError> {
        let user = caller.user().ok_or(RepoError::NeedsLogin)?;
        let namespace = new.namespace.clone().unwrap_or_else(|| user.name.clone());
        new.name
            .check_registrable()
            .map_err(|reason| RepoError::Unprocessable(format!("invalid repository name {:?}: {reason}", new.name)))?;
        if new.visibility == Some(Visibility::Protected) && new.kind != RepoKind::Space {
            return Err(RepoError::Unprocessable("only a Space can have the visibility 'protected'".to_owned()));
        }
        if new.kind == RepoKind::Bucket && (new.license.is_some() || !new.files.is_empty()) {
            let message = "a bucket begins empty, without files and licence: upload files to it afterwards";
            return Err(RepoError::Unprocessable(message.to_owned()));
        }
        let owner = self.writable_namespace(caller, &namespace).await?;
        let addr = RepoAddr { kind: new.kind, namespace: owner.name, name: new.name };
        let now = self.clock().now();
        let state = RepoState {
            id: RepoId(self.ids().next_key()),
            addr: addr.clone(),
            owner: owner.id,
            visibility: new.visibility.unwrap_or(owner.default_visibility),
            gating: Gating::Open,
            disabled: false,
            created_by: user.id,
            created_app: caller.contributor_to(owner.id),
            created: now,
            modified: now,
            settings: Settings { sdk: new.sdk, ..Settings::default() },
            used_bytes: 0,
            downloads: 0,
            downloads_all: 0,
            likes: 0,
            trending: TrendingScore::default(),
        };
        let newborn = Repo::newborn(self, state, caller);
        if new.kind == RepoKind::Bucket {
            self.first_row(&newborn).await?;
        } else {
            self.first_commit(&newborn, &new.license, new.files).await?;
        }
        self.open(caller, &addr, Access::Write).await
    }

    /// A bucket begins empty.
    async fn first_row(&self, repo: &Repo) -> Result<(), RepoError> {
        let mut tx = self.db().begin().await?;
        repo.register(&mut tx).await?;
        buckets::insert(&mut tx, repo.id(), repo.state().created).await?;
        repo.note(&mut tx, "bucket.created", serde_json::json!({ "repo": repo.addr().repo_id() })).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn first_commit(&self, repo: &Repo, license: &Option<String>, files: Vec<NewFile>) -> Result<(), RepoError> {
        let mut draft = CommitDraft::of_newborn(repo.clone());
        let path = |text: &str| text.parse::<RepoPath>().expect("a literal path is valid");
        let sent = |name: &str| files.iter().any(|file| file.path.as_str() == name);
        if !sent(".gitattributes") {
            let content = Bytes::from_static(attributes::default_for(repo.addr().kind).as_bytes());
            draft.push(Operation::Put { path: path(".gitattributes"), content, old_path: None }).await?;
        }
        if let Some(card) = first_card(repo.state(), license.as_deref()).filter(|_| !sent("README.md")) {
            let content = Bytes::from(card);
            draft.push(Operation::Put { path: path("README.md"), content, old_path: None }).await?;
        }
        for file in files {
            draft.push(Operation::Put { path: file.path, content: file.content, old_path: None }).await?;
        }
        draft.finish(CommitHeader { title: "initial commit".to_owned(), ..CommitHeader::default() }).await?;
        Ok(())
    }

    /// The namespace in which a caller may create repositories.
    ///
    /// A namespace that does not exist and one that is closed to the caller get the same answer.
    async fn writable_namespace(
        &self,
        caller: &Caller,
        name: &NamespaceName,
    ) -> Result<hub_account::Namespace, RepoError> {
        let refused = || {
            RepoError::Forbidden(format!(
                "You don't have the rights to create a repository under the namespace \"{name}\": \
                 its owner can give you the role 'contributor'"
            ))
        };
        let namespace = self.accounts().namespace(name).await?.ok_or_else(refused)?;
        let admin = caller.user().is_some_and(|user| user.is_admin);
        if !admin && caller.role_in(namespace.id) < Some(OrgRole::Contributor) {
            return Err(refused());
        }
        let contributes = caller.contributor_to(namespace.id).is_some();
        if !contributes && caller.ceiling(namespace.id, None) < Some(Access::Write) {
            return Err(RepoError::Forbidden(format!(
                "this token may not create repositories under \"{name}\": use a token with the role 'write'"
            )));
        }
        Ok(namespace)
    }

    /// Renames a repository or hands it to another owner. The old address keeps leading to it.
    ///
    /// # Errors
    /// [`RepoError::Conflict`] if the new address is taken; [`RepoError::Forbidden`] without the rights on either side.
    pub async fn rename(&self, repo: &Repo, to: RepoAddr) -> Result<RepoAddr, RepoError> {
        repo.require(Access::Admin)?;
        let taken = |to: &RepoAddr| {
            RepoError::Conflict(format!("A {} repository called {} already exists", to.kind, to.repo_id()))
        };
        to.name
            .check_registrable()
            .map_err(|reason| RepoError::Unprocessable(format!("invalid repository name {:?}: {reason}", to.name)))?;
        let owner = self.move_target(repo, &to.namespace).await?;
        let to = RepoAddr { namespace: owner.name, ..to };
        let same = (to.namespace.key(), to.name.key()) == (repo.addr().namespace.key(), repo.addr().name.key());
        let mut tx = self.db().begin().await?;
        if !same && repos::exists(&mut tx, &to).await? {
            return Err(taken(&to));
        }
        let moved = repos::readdress(&mut tx, repo.state(), &to, owner.id).await;
        if moved.as_ref().is_err_and(hub_db::DbError::is_unique) {
            return Err(taken(&to));
        }
        moved?;
        repo.note(&mut tx, "repo.moved", serde_json::json!({ "from": repo.addr().repo_id(), "to": to.repo_id() }))
            .await?;
        self.write_down(&mut tx, repo, "repo.move", &to.to_string()).await?;
        tx.commit().await?;
        Ok(to)
    }

    /// To whom a repository may go: to oneself out of an organisation only its administrators may take it (which
    /// opening for [`Access::Admin`] has shown), into an organisation whoever may create there.
    async fn move_target(&self, repo: &Repo, to: &NamespaceName) -> Result<hub_account::Namespace, RepoError> {
        if to.key() == repo.addr().namespace.key() {
            let owner = self.accounts().namespace(to).await?;
            return owner.ok_or_else(|| RepoError::Inconsistent(format!("the owner {to} is gone")));
        }
        self.writable_namespace(repo.caller(), to).await
    }

    /// Deletes a repository with all its history. Its large content is collected when nobody else holds it.
    pub async fn delete(&self, repo: &Repo) -> Result<(), RepoError> {
        repo.require(Access::Admin)?;
        let mut tx = self.db().begin().await?;
        repos::delete(&mut tx, repo.id()).await?;
        repo.note(&mut tx, "repo.deleted", serde_json::json!({ "repo": repo.addr().repo_id() })).await?;
        self.write_down(&mut tx, repo, "repo.delete", "").await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes into the log of the house who did what to a repository.
    async fn write_down(
        &self,
        tx: &mut hub_db::Tx,
        repo: &Repo,
        action: &'static str,
        detail: &str,
    ) -> Result<(), RepoError> {
        let addr = repo.addr().to_string();
        let act = Act::new(action, &addr).in_org(repo.state().owner).with(detail);
        Ok(self.accounts().record(tx, repo.caller().into(), act).await?)
    }

    /// Changes settings.
    pub async fn change_settings(&self, repo: &Repo, change: &SettingsChange) -> Result<(), RepoError> {
        repo.require(Access::Admin)?;
        if change.visibility == Some(Visibility::Protected) && repo.addr().kind != RepoKind::Space {
            return Err(RepoError::Unprocessable("only a Space can have the visibility 'protected'".to_owned()));
        }
        if change.description.as_ref().is_some_and(|text| text.len() > 1000) {
            return Err(RepoError::Unprocessable("the description has more than 1000 bytes: shorten it".to_owned()));
        }
        let mut tx = self.db().begin().await?;
        repos::update_settings(&mut tx, repo.state(), change).await?;
        repo.note(&mut tx, "repo.settings", serde_json::json!({ "repo": repo.addr().repo_id() })).await?;
        let detail = change.visibility.map_or("", Visibility::word);
        self.write_down(&mut tx, repo, "repo.settings", detail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes a repository of the same kind with the files and history of another one. No content moves.
    pub async fn duplicate(
        &self,
        from: &Repo,
        to: RepoAddr,
        visibility: Option<Visibility>,
    ) -> Result<Repo, RepoError> {
        from.require(Access::Read)?;
        // A copy has a door of its own: whoever was let in alone may not open one for others.
        if from.state().gating != Gating::Open {
            from.demand(Access::Write)?;
        }
        let caller = from.caller().clone();
        let user = caller.user().ok_or(RepoError::NeedsLogin)?;
        let owner = self.writable_namespace(&caller, &to.namespace).await?;
        to.name
            .check_registrable()
            .map_err(|reason| RepoError::Unprocessable(format!("invalid repository name {:?}: {reason}", to.name)))?;
        let now = self.clock().now();
        // A copy of what is hidden stays hidden unless its owner says otherwise.
        let inherited =
            if from.state().visibility.is_hidden() { Visibility::Private } else { owner.default_visibility };
        let state = RepoState {
            id: RepoId(self.ids().next_key()),
            addr: RepoAddr { kind: from.addr().kind, namespace: owner.name, name: to.name },
            owner: owner.id,
            visibility: visibility.unwrap_or(inherited),
            created_by: user.id,
            created_app: caller.contributor_to(owner.id),
            created: now,
            modified: now,
            downloads: 0,
            downloads_all: 0,
            likes: 0,
            ..from.state().clone()
        };
        let mut tx = self.db().begin().await?;
        Repo::newborn(self, state.clone(), &caller).register(&mut tx).await?;
        repos::copy_content(&mut tx, from.id(), state.id, user.id, now).await?;
        environment::copy_variables(&mut tx, from.id(), state.id).await?;
        tx.commit().await?;
        self.hold_chunks(state.id).await?;
        self.open(&caller, &state.addr, Access::Admin).await
    }

    /// Whether a namespace still owns repositories, so that its account cannot be deleted.
    pub async fn owns_any(&self, namespace: NamespaceId) -> Result<bool, RepoError> {
        Ok(repos::count_of(self.db(), namespace).await? > 0)
    }
}

impl Repo {
    /// Counts a like, or takes one back, in the transaction of whoever keeps the likes.
    pub async fn count_like(&self, tx: &mut hub_db::Tx, is_new: bool) -> Result<(), RepoError> {
        if !repos::add_likes(tx, self.id(), if is_new { 1 } else { -1 }).await? {
            return Err(RepoError::RepoNotFound);
        }
        self.note(tx, "repo.likes", serde_json::json!({ "repo": self.addr().repo_id() })).await
    }

    /// Where the default branch is; `None` before the first commit.
    pub async fn main_head(&self) -> Result<Option<hub_core::Oid>, RepoError> {
        Ok(refs::get(self.repos.db(), self.id(), &RefName::main()).await?)
    }
}
