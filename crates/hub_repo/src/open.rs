//! The only place that decides what a caller may know of a repository, read of it, or do to it.

use hub_account::{Caller, NamespaceId, ScopeEntity};
use hub_cas::Scope;
use hub_core::{Access, OrgRole, RepoAddr, Timestamp, Visibility};

use crate::attention::TrendingScore;
use crate::lifecycle::{Gating, Settings};
use crate::store::repos::{self, RepoRow};
use crate::{RepoError, Repos};

/// The database key of a repository: it stays when the address changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RepoId(pub(crate) i64);

impl RepoId {
    /// As whom the chunk store knows the repository.
    pub(crate) fn holder(self) -> Scope {
        Scope::new(self.0)
    }

    /// The key, for the `_id` of the API and for events.
    pub fn key(self) -> i64 {
        self.0
    }

    /// From the key that [`RepoId::key`] gave, as events and indexes keep it. Whether there is such a repository, and for
    /// whom, is decided when it is asked for.
    pub fn from_key(key: i64) -> Self {
        Self(key)
    }
}

/// What is stored of a repository beside its content.
#[derive(Clone, Debug)]
pub struct RepoState {
    /// Its key.
    pub id: RepoId,
    /// Its present address.
    pub addr: RepoAddr,
    /// Whose it is.
    pub owner: NamespaceId,
    /// Who may know of it.
    pub visibility: Visibility,
    /// Whether files are shown only on request.
    pub gating: Gating,
    /// Whether an administrator has switched it off.
    pub disabled: bool,
    /// Who created it.
    pub created_by: NamespaceId,
    /// The app that created it in their name, by its key, if it was allowed no more than that.
    pub created_app: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// When a reference or a setting last changed.
    pub modified: Timestamp,
    /// Further settings.
    pub settings: Settings,
    /// The bytes of all its files and history.
    pub used_bytes: u64,
    /// Downloads of the last 30 days.
    pub downloads: u64,
    /// Downloads since it was created.
    pub downloads_all: u64,
    /// Likes.
    pub likes: u64,
    /// How much attention it draws now.
    pub trending: TrendingScore,
}

/// A repository that its caller may have, with the access that was asked for.
#[derive(Clone)]
pub struct Repo {
    pub(crate) repos: Repos,
    pub(crate) state: RepoState,
    access: Access,
    caller: Caller,
    /// Whether the owners of the gated repository have let the caller in.
    admitted: bool,
}

impl Repo {
    /// A repository with an access that the crate itself grants.
    pub(crate) fn of_parts(repos: Repos, state: RepoState, access: Access, caller: Caller) -> Self {
        Self { repos, state, access, caller, admitted: false }
    }

    /// What is stored of it.
    pub fn state(&self) -> &RepoState {
        &self.state
    }

    /// Its address.
    pub fn addr(&self) -> &RepoAddr {
        &self.state.addr
    }

    /// Its key.
    pub fn id(&self) -> RepoId {
        self.state.id
    }

    /// What a token that reaches this repository alone is about.
    pub fn scope_entity(&self) -> ScopeEntity {
        ScopeEntity::Repo { kind: self.addr().kind, id: self.state.id.0, name: self.addr().repo_id() }
    }

    /// Who opened it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The handle of a repository that its first commit is about to bring into being; until then it has no row.
    pub(crate) fn newborn(repos: &Repos, state: RepoState, caller: &Caller) -> Self {
        Self { repos: repos.clone(), state, access: Access::Write, caller: caller.clone(), admitted: false }
    }

    /// The handle of a repository to whose bearer a token has permitted writing, whoever that is.
    pub(crate) fn permitted(repos: &Repos, state: RepoState) -> Self {
        Self { repos: repos.clone(), state, access: Access::Write, caller: Caller::Anonymous, admitted: false }
    }

    /// The handle of a Space whose app may be used by whoever holds the label of its origin.
    pub(crate) fn shown(repos: &Repos, state: RepoState) -> Self {
        Self { repos: repos.clone(), state, access: Access::Read, caller: Caller::Anonymous, admitted: false }
    }

    /// Whether its caller may do `access`, whatever the handle was opened for.
    pub fn permits(&self, access: Access) -> bool {
        granted_to(&self.caller, &self.state, self.admitted) >= Some(access)
    }

    /// Says that the caller may not do `access`, unless they may.
    pub fn demand(&self, access: Access) -> Result<(), RepoError> {
        if self.permits(access) { Ok(()) } else { Err(refusal(&self.caller, &self.state, access)) }
    }

    /// Whether somebody may write to it by their role, whatever credential they would use.
    pub async fn is_written_by(&self, who: NamespaceId) -> Result<bool, RepoError> {
        let state = &self.state;
        if state.owner == who {
            return Ok(true);
        }
        let memberships = self.repos.accounts().memberships(who).await?;
        let role = memberships.iter().find(|membership| membership.org == state.owner).map(|found| found.role);
        Ok(match role {
            Some(OrgRole::Write | OrgRole::Admin) => true,
            Some(OrgRole::Contributor) => state.created_by == who,
            Some(OrgRole::NoAccess | OrgRole::Read) | None => false,
        })
    }

    /// Whether its caller may take part in its discussions. That needs no right to read the files.
    pub fn may_discuss(&self) -> bool {
        may_discuss(&self.caller, &self.state)
    }

    /// States that this handle may do `access`; a use case calls it first, so that a handle opened for reading
    /// cannot write by mistake.
    pub(crate) fn require(&self, access: Access) -> Result<(), RepoError> {
        if self.access >= access {
            return Ok(());
        }
        Err(RepoError::Inconsistent(format!("a handle opened for {:?} was used for {access:?}", self.access)))
    }
}

impl Repos {
    /// Opens a repository for a caller.
    ///
    /// # Errors
    /// [`RepoError::RepoNotFound`] if it does not exist or the caller may not know that it does;
    /// [`RepoError::Moved`] if it has another address now; [`RepoError::Gated`], [`RepoError::Disabled`],
    /// [`RepoError::NeedsLogin`] and [`RepoError::Forbidden`] if the caller knows it and may not do `access`.
    pub async fn open(&self, caller: &Caller, addr: &RepoAddr, access: Access) -> Result<Repo, RepoError> {
        if let Some(row) = repos::by_addr(self.db(), addr).await? {
            return self.admit(caller, row, access).await;
        }
        // An old address tells where the repository went only to those who may know that it exists.
        let row = repos::by_alias(self.db(), addr).await?.ok_or(RepoError::RepoNotFound)?;
        let repo = self.admit(caller, row, Access::Metadata).await?;
        Err(RepoError::Moved { to: Box::new(repo.state.addr) })
    }

    /// Opens a repository for a push by git: for writing, or for those pull requests that the caller opened here.
    ///
    /// # Errors
    /// Those of [`Repos::open`] for [`Access::Write`].
    pub async fn open_for_push(&self, caller: &Caller, addr: &RepoAddr) -> Result<Repo, RepoError> {
        let refused = match self.open(caller, addr, Access::Write).await {
            Err(RepoError::Forbidden(reason)) => RepoError::Forbidden(reason),
            other => return other,
        };
        let Ok(repo) = self.open(caller, addr, Access::Propose).await else { return Err(refused) };
        if repo.has_open_pull_of_caller().await? { Ok(repo) } else { Err(refused) }
    }

    pub(crate) async fn admit(&self, caller: &Caller, row: RepoRow, access: Access) -> Result<Repo, RepoError> {
        let state = row.into_state()?;
        let admitted = granted(caller, &state) == Some(Access::Metadata) && self.is_admitted(caller, &state).await?;
        let granted = granted_to(caller, &state, admitted);
        if granted.is_none() {
            return Err(RepoError::RepoNotFound);
        }
        let allowed = granted.is_some_and(|most| most >= access);
        if state.disabled && access > Access::Metadata && !is_site_admin(caller) {
            return Err(RepoError::Disabled);
        }
        if !allowed {
            return Err(refusal(caller, &state, access));
        }
        Ok(Repo { repos: self.clone(), state, access, caller: caller.clone(), admitted })
    }
}

/// The most that a caller may do with a repository; `None` means that they may not know of it.
pub(crate) fn granted(caller: &Caller, state: &RepoState) -> Option<Access> {
    let stranger = match (state.visibility.is_hidden(), state.gating) {
        (true, _) => None,
        (false, Gating::Open) => Some(Access::Read),
        (false, Gating::Auto | Gating::Manual) => Some(Access::Metadata),
    };
    let Some(user) = caller.user() else { return stranger };
    let by_role = if user.is_admin { Some(Access::Admin) } else { role_grants(caller, state) };
    // A credential never takes away what everyone has, and never gives more than its owner has.
    let most = std::cmp::max(stranger, std::cmp::min(by_role, ceiling(caller, state)));
    let proposes = most == Some(Access::Read) && may_discuss(caller, state);
    if proposes { Some(Access::Propose) } else { most }
}

/// The same for someone whom the owners of a gated repository may have let in.
fn granted_to(caller: &Caller, state: &RepoState, admitted: bool) -> Option<Access> {
    match granted(caller, state) {
        Some(Access::Metadata) if admitted => {
            let proposes = may_discuss(caller, state);
            Some(if proposes { Access::Propose } else { Access::Read })
        }
        most => most,
    }
}

/// The most that the credential permits on the repository.
fn ceiling(caller: &Caller, state: &RepoState) -> Option<Access> {
    if is_of_app(caller, state) { Some(Access::Admin) } else { caller.ceiling(state.owner, Some(state.id.0)) }
}

fn may_discuss(caller: &Caller, state: &RepoState) -> bool {
    is_of_app(caller, state) || caller.may_discuss(state.owner, Some(state.id.0))
}

/// Whether an app asks that may contribute, and created the repository itself.
fn is_of_app(caller: &Caller, state: &RepoState) -> bool {
    state.created_app.is_some() && state.created_app == caller.contributor()
}

fn role_grants(caller: &Caller, state: &RepoState) -> Option<Access> {
    match caller.role_in(state.owner)? {
        OrgRole::NoAccess => None,
        OrgRole::Read => Some(Access::Read),
        OrgRole::Contributor => {
            let own = caller.user().is_some_and(|user| user.id == state.created_by);
            Some(if own { Access::Admin } else { Access::Read })
        }
        OrgRole::Write => Some(Access::Write),
        OrgRole::Admin => Some(Access::Admin),
    }
}

fn is_site_admin(caller: &Caller) -> bool {
    caller.user().is_some_and(|user| user.is_admin)
}

/// Says to someone who may know of the repository why they may not do this.
pub(crate) fn refusal(caller: &Caller, state: &RepoState, access: Access) -> RepoError {
    if access == Access::Read {
        return RepoError::Gated { addr: Box::new(state.addr.clone()) };
    }
    if caller.user().is_none() {
        return RepoError::NeedsLogin;
    }
    if access == Access::Propose {
        if granted(caller, state) < Some(Access::Read) {
            return RepoError::Gated { addr: Box::new(state.addr.clone()) };
        }
        return RepoError::Forbidden(format!(
            "this token may not open discussions or pull requests in {}: use a token with the role 'write' or the \
             permission discussion.write",
            state.addr,
        ));
    }
    if caller.role_in(state.owner).is_some() && ceiling(caller, state) < Some(access) {
        return RepoError::Forbidden(format!(
            "this token may not {} {}: use a token with the role 'write' or a scope for this repository",
            verb(access),
            state.addr,
        ));
    }
    RepoError::Forbidden(format!(
        "you may not {} {}: ask an administrator of {} for the role '{}'",
        verb(access),
        state.addr,
        state.addr.namespace,
        if access == Access::Write { "write" } else { "admin" },
    ))
}

fn verb(access: Access) -> &'static str {
    match access {
        Access::Metadata => "see",
        Access::Read => "read",
        Access::Propose => "propose changes to",
        Access::Write => "write to",
        Access::Admin => "administer",
    }
}
