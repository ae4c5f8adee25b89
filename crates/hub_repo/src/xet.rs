//! The chunk store as a repository's clients use it: tokens that open it for one repository, what may be read by them, and
//! files that arrived by it.
//!
//! The chunk store knows no repositories. A token says on whose behalf it is asked, and for reading what a repository
//! holds is looked up here: knowing the hash of a file is no right to it.
//!
//! A token is no more than what its owner may do at the moment: each request asks again whether the person and the token of
//! theirs that it was given for still have the access.
//!
//! What keeps a file of the chunk store is the row of its content, for which [`CONTENTS`] holds the file. Repositories hold
//! it besides, which tells what each of them takes.

use std::collections::HashSet;

use async_trait::async_trait;
use hub_account::{AccountError, Caller, CallerKey, NamespaceId, TokenId};
use hub_cas::{RegisteredFile, Roots, Scope};
use hub_core::{Access, Sha256, XetHash};
use serde::{Deserialize, Serialize};

use crate::large::sealed::Purpose;
use crate::store::{large, repos};
use crate::{Repo, RepoError, RepoId, Repos};

/// How many files of a repository one transaction holds.
const HOLD_BATCH: i64 = 200;
/// How often a transaction is tried.
const ADOPT_ATTEMPTS: u32 = 4;
/// How long a token is good for. Clients ask for a new one half a minute before.
const TOKEN_TTL_SECS: i64 = 3600;
/// How long a token is still taken after that: a request that was begun in time must not fail, because clients do not
/// answer a refusal with a new token.
const TOKEN_GRACE_SECS: i64 = 90;

/// Whoever holds a file of the chunk store for the row of its content: no repository has this key.
pub(crate) const CONTENTS: Scope = Scope::new(0);

/// What a token of the chunk store permits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum XetScope {
    /// Reading the files that the repository holds.
    Read,
    /// That, and bringing it files.
    Write,
}

/// A token of the chunk store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XetToken {
    /// Its text.
    pub text: String,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

/// What a token says: on whose behalf a request to the chunk store is made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct XetGrant {
    repo: i64,
    /// Zero is nobody.
    user: i64,
    /// The access token with which the user asked for this one; zero if there was none.
    #[serde(default)]
    token: i64,
    scope: XetScope,
    expires: i64,
}

impl XetGrant {
    /// As whom the chunk store knows the repository.
    pub fn holder(&self) -> Scope {
        RepoId(self.repo).holder()
    }

    fn of(caller: &Caller, repo: RepoId, scope: XetScope, expires: i64) -> Self {
        let (user, token) = match caller.key() {
            CallerKey::Anonymous => (0, 0),
            CallerKey::Person(user) => (user.key(), 0),
            CallerKey::Token { user, token } => (user.key(), token.key()),
        };
        Self { repo: repo.key(), user, token, scope, expires }
    }

    fn caller_key(&self) -> CallerKey {
        let user = NamespaceId::new(self.user);
        match (self.user, self.token) {
            (0, _) => CallerKey::Anonymous,
            (_, 0) => CallerKey::Person(user),
            (_, token) => CallerKey::Token { user, token: TokenId::new(token) },
        }
    }
}

impl Repo {
    /// A token by which the caller's client can use the chunk store for this repository.
    ///
    /// # Errors
    /// [`RepoError::QuotaExceeded`] if it is for writing and there is no room.
    pub async fn xet_token(&self, scope: XetScope) -> Result<XetToken, RepoError> {
        match scope {
            XetScope::Read => self.require(Access::Read)?,
            XetScope::Write => {
                self.require(Access::Propose)?;
                self.check_room(0).await?;
            }
        }
        let expires = self.repos.clock().now().seconds() + TOKEN_TTL_SECS;
        let grant = XetGrant::of(self.caller(), self.id(), scope, expires);
        Ok(XetToken { text: self.repos.seal_for(Purpose::Xet, &grant).await?, expires })
    }
}

impl Repos {
    /// Reads a token back.
    ///
    /// # Errors
    /// [`RepoError::BadToken`] if this instance did not make it, it has expired, or whoever asked for it has lost the access
    /// since; [`RepoError::Forbidden`] if it permits reading only and writing is wanted.
    pub async fn xet_grant(&self, token: &str, wanted: XetScope) -> Result<XetGrant, RepoError> {
        let grant: XetGrant = self.unseal_for(Purpose::Xet, token).await?.ok_or(RepoError::BadToken)?;
        if grant.expires + TOKEN_GRACE_SECS < self.clock().now().seconds() {
            return Err(RepoError::BadToken);
        }
        if grant.scope < wanted {
            return Err(RepoError::Forbidden("this token is for reading: ask for a write token".to_owned()));
        }
        self.check_access_of(&grant).await?;
        Ok(grant)
    }

    /// States that whoever asked for a token still may do what it permits.
    async fn check_access_of(&self, grant: &XetGrant) -> Result<(), RepoError> {
        let caller = match self.accounts().authenticate_again(grant.caller_key()).await {
            Err(AccountError::BadCredentials) => return Err(RepoError::BadToken),
            caller => caller?,
        };
        let row = repos::by_id(self.db(), RepoId(grant.repo)).await?.ok_or(RepoError::BadToken)?;
        let access = match grant.scope {
            XetScope::Read => Access::Read,
            XetScope::Write => Access::Propose,
        };
        match self.admit(&caller, row, access).await {
            Ok(_) => Ok(()),
            Err(RepoError::Disabled) => Err(RepoError::Disabled),
            Err(_) => Err(RepoError::BadToken),
        }
    }

    /// States that the bearer of a token may read a file of the chunk store.
    ///
    /// # Errors
    /// [`RepoError::NotFound`] if the repository does not hold it, whether or not anyone else does.
    pub async fn check_xet_file(&self, grant: &XetGrant, file: XetHash) -> Result<(), RepoError> {
        let held = large::held_as_chunks(self.db(), RepoId(grant.repo), file).await?;
        held.map(|_| ()).ok_or_else(|| RepoError::NotFound(format!("there is no file {file}")))
    }

    /// States that the repository of a token is there and that its owner may store more.
    ///
    /// # Errors
    /// [`RepoError::RepoNotFound`] and [`RepoError::QuotaExceeded`].
    pub async fn check_xet_room(&self, grant: &XetGrant) -> Result<(), RepoError> {
        self.granted_repo(grant).await?.check_room(0).await
    }

    async fn granted_repo(&self, grant: &XetGrant) -> Result<Repo, RepoError> {
        let row = repos::by_id(self.db(), RepoId(grant.repo)).await?.ok_or(RepoError::RepoNotFound)?;
        let state = row.into_state()?;
        if state.disabled {
            return Err(RepoError::Disabled);
        }
        Ok(Repo::permitted(self, state))
    }

    /// Tells the chunk store what a repository holds that came to it with a copy of another one.
    pub(crate) async fn hold_chunks(&self, repo: RepoId) -> Result<(), RepoError> {
        let mut after = None;
        loop {
            let page = large::holdings(self.db(), repo, after, HOLD_BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.sha256);
            let contents: Vec<Sha256> = page.iter().map(|row| row.sha256).collect();
            let files = large::chunked_among(self.db(), repo, &contents).await?;
            let mut tx = self.db().begin().await?;
            for (_, file) in files {
                self.cas().hold(&mut tx, repo.holder(), &file).await?;
            }
            tx.commit().await?;
        }
    }

    /// Gives the repository of a token files that were registered by it.
    ///
    /// # Errors
    /// [`RepoError::TooLarge`] and [`RepoError::QuotaExceeded`] by the limits in force; it then gets none of them.
    pub async fn adopt_xet_files(&self, grant: &XetGrant, files: &[RegisteredFile]) -> Result<(), RepoError> {
        let repo = self.granted_repo(grant).await?;
        let contents: Vec<Sha256> = files.iter().map(|file| file.sha256).collect();
        let held: HashSet<Sha256> = large::held_among(self.db(), repo.id(), &contents).await?.into_iter().collect();
        let mut fresh = 0_u64;
        for file in files {
            repo.check_file_size(file.size_bytes)?;
            if !held.contains(&file.sha256) {
                fresh = fresh.saturating_add(file.size_bytes);
            }
        }
        repo.check_quota(fresh).await?;
        // All writers meet the rows in one order: contents by their ids, of each what holds it, the repository last.
        let mut files = files.to_vec();
        files.sort_unstable_by_key(|file| file.sha256);
        for batch in files.chunks(HOLD_BATCH as usize) {
            self.adopt_batch(repo.id(), NamespaceId::new(grant.user), batch).await?;
        }
        Ok(())
    }

    /// One transaction for some files, so that a shard of many does not keep other writers waiting. It is tried again if
    /// another writer stood in its way.
    async fn adopt_batch(&self, repo: RepoId, by: NamespaceId, files: &[RegisteredFile]) -> Result<(), RepoError> {
        for attempt in 1.. {
            match self.try_adopt(repo, by, files).await {
                Err(RepoError::Db(error)) if error.is_conflict() && attempt < ADOPT_ATTEMPTS => {}
                result => return result,
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn try_adopt(&self, repo: RepoId, by: NamespaceId, files: &[RegisteredFile]) -> Result<(), RepoError> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        let mut added = 0;
        for RegisteredFile { file, size_bytes, sha256, .. } in files {
            large::insert_chunked(&mut tx, *sha256, *size_bytes, *file, now).await?;
            if !self.cas().hold(&mut tx, CONTENTS, file).await? {
                return Err(RepoError::Conflict(format!("the file {file} was collected meanwhile: send it again")));
            }
            if large::give(&mut tx, repo, *sha256, by, now).await? {
                added += *size_bytes as i64;
            } else {
                large::want_again(&mut tx, repo, *sha256, now).await?;
            }
        }
        repos::add_used_bytes(&mut tx, repo, added).await?;
        if !repos::lock(&mut tx, repo).await? {
            return Err(RepoError::RepoNotFound);
        }
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Roots for Repos {
    async fn needed(
        &self,
        scope: Scope,
        files: &[XetHash],
    ) -> Result<HashSet<XetHash>, Box<dyn std::error::Error + Send + Sync>> {
        let holder = (scope != CONTENTS).then(|| RepoId(scope.key()));
        Ok(large::files_in_use(self.db(), holder, files).await?.into_iter().collect())
    }
}
