//! What people want to hear: which kinds, in the page and by mail, what they watch, and which discussions are muted.

use hub_account::{Caller, CallerUser, NamespaceId, NamespaceKind};
use hub_core::{Access, ThreadNumber};
use hub_repo::{Repo, RepoId};

use crate::discussions::Discussion;
use crate::store::notifications;
use crate::{Community, CommunityError};

/// The most that one person watches.
const WATCHED_MAX: i64 = 1_000;

words! {
    /// A kind of notification that can be switched off. All are on at first.
    NotificationSetting {
        /// Mentions and what one takes part in, in the page.
        WebParticipating = "web_discussions_participating",
        /// What one watches, in the page.
        WebWatched = "web_discussions_watched",
        /// Mentions and what one takes part in, by mail.
        MailParticipating = "discussions_participating",
        /// What one watches, by mail.
        MailWatched = "discussions_watched",
    }
}

/// Something that a person watches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Watched {
    /// One repository.
    Repo(RepoId),
    /// All repositories of a person.
    User(NamespaceId),
    /// All repositories of an organisation.
    Org(NamespaceId),
}

impl Watched {
    /// The person or organisation.
    pub fn of_namespace(kind: NamespaceKind, id: NamespaceId) -> Self {
        match kind {
            NamespaceKind::User => Self::User(id),
            NamespaceKind::Organization => Self::Org(id),
        }
    }

    /// The word of the API and of the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repo(_) => "repo",
            Self::User(_) => "user",
            Self::Org(_) => "org",
        }
    }

    /// The key of the repository, person or organisation.
    pub fn key(self) -> i64 {
        match self {
            Self::Repo(id) => id.key(),
            Self::User(id) | Self::Org(id) => id.key(),
        }
    }

    /// From a word and a key; `None` for another word.
    pub fn from_parts(word: &str, key: i64) -> Option<Self> {
        match word {
            "repo" => Some(Self::Repo(RepoId::from_key(key))),
            "user" => Some(Self::User(NamespaceId::new(key))),
            "org" => Some(Self::Org(NamespaceId::new(key))),
            _ => None,
        }
    }
}

impl Community {
    /// Each kind of notification with whether the caller wants it.
    pub async fn notification_settings(
        &self,
        caller: &Caller,
    ) -> Result<Vec<(NotificationSetting, bool)>, CommunityError> {
        let set = notifications::settings(self.db(), reader(caller)?.id).await?;
        let is_on = |setting: &NotificationSetting| {
            set.iter().find(|(name, _)| name == setting.word()).is_none_or(|(_, is_on)| *is_on)
        };
        Ok(NotificationSetting::ALL.iter().map(|setting| (*setting, is_on(setting))).collect())
    }

    /// Switches kinds of notification on or off for the caller.
    pub async fn set_notifications(
        &self,
        caller: &Caller,
        changes: &[(NotificationSetting, bool)],
    ) -> Result<(), CommunityError> {
        let user = writer(caller)?.id;
        let mut tx = self.db().begin().await?;
        for (setting, on) in changes {
            notifications::set(&mut tx, user, setting.word(), *on).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What the caller watches and may know of, the latest first.
    pub async fn watched(&self, caller: &Caller) -> Result<Vec<Watched>, CommunityError> {
        let watched = notifications::watched(self.db(), reader(caller)?.id, WATCHED_MAX).await?;
        self.knowable(caller, watched).await
    }

    /// Whether the caller watches it.
    pub async fn is_watching(&self, caller: &Caller, what: Watched) -> Result<bool, CommunityError> {
        match caller.user() {
            Some(user) => Ok(notifications::is_watching(self.db(), user.id, what).await?),
            None => Ok(false),
        }
    }

    /// Begins to watch some things and ends to watch others.
    ///
    /// # Errors
    /// Not found for what the caller may not know of; [`CommunityError::Conflict`] beyond what one person can watch.
    pub async fn change_watches(
        &self,
        caller: &Caller,
        add: &[Watched],
        remove: &[Watched],
    ) -> Result<(), CommunityError> {
        let user = writer(caller)?.id;
        if self.knowable(caller, add.to_vec()).await?.len() < add.len() {
            return Err(CommunityError::NotFound("there is nothing like that to watch".to_owned()));
        }
        let mut tx = self.db().begin().await?;
        for what in remove {
            notifications::unwatch(&mut tx, user, *what).await?;
        }
        for what in add {
            notifications::watch(&mut tx, user, *what, self.now()).await?;
        }
        if notifications::count_watched(&mut tx, user).await? > WATCHED_MAX {
            return Err(CommunityError::Conflict(format!("one watches at most {WATCHED_MAX} things: drop some")));
        }
        tx.commit().await?;
        Ok(())
    }

    async fn knowable(&self, caller: &Caller, watched: Vec<Watched>) -> Result<Vec<Watched>, CommunityError> {
        let repos = watched.iter().filter_map(|what| match what {
            Watched::Repo(id) => Some(*id),
            Watched::User(_) | Watched::Org(_) => None,
        });
        let repos = self.known(caller, repos).await?;
        let people = watched.iter().filter_map(|what| match what {
            Watched::Repo(_) => None,
            Watched::User(id) | Watched::Org(id) => Some(*id),
        });
        let people = self.people(people).await?;
        let is_known = |what: &Watched| match what {
            Watched::Repo(id) => repos.contains_key(id),
            Watched::User(id) => people.get(*id).is_some_and(|found| found.kind == NamespaceKind::User),
            Watched::Org(id) => people.get(*id).is_some_and(|found| found.kind == NamespaceKind::Organization),
        };
        Ok(watched.into_iter().filter(is_known).collect())
    }

    /// Tells the caller nothing more of a discussion, or again.
    pub async fn mute_discussion(&self, repo: &Repo, number: ThreadNumber, on: bool) -> Result<(), CommunityError> {
        let user = writer(repo.caller())?.id;
        let discussion = self.discussion(repo, number).await?;
        let mut tx = self.db().begin().await?;
        notifications::mute(&mut tx, user, discussion.id, on).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether the caller has muted a discussion.
    pub async fn has_muted(&self, repo: &Repo, discussion: &Discussion) -> Result<bool, CommunityError> {
        match repo.caller().user() {
            Some(user) => Ok(notifications::is_muted(self.db(), user.id, discussion.id).await?),
            None => Ok(false),
        }
    }
}

/// Whoever may look at what they are told.
///
/// # Errors
/// Anonymous callers must sign in; a token that is good for some repositories alone is not good for this.
pub(crate) fn reader(caller: &Caller) -> Result<&CallerUser, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    if user.credential.is_full() || caller.ceiling(user.id, None) >= Some(Access::Read) {
        return Ok(user);
    }
    Err(CommunityError::Forbidden("this token may not read notifications: use one with the role 'read'".to_owned()))
}

/// Whoever may change what they are told.
pub(super) fn writer(caller: &Caller) -> Result<&CallerUser, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    if user.credential.is_full() {
        return Ok(user);
    }
    Err(CommunityError::Forbidden("this token may not change notifications: use one with the role 'write'".to_owned()))
}
