//! Webhooks: people are told by HTTP what happens to what they watch.
//!
//! Whoever follows the events makes a message of each for every webhook that watches what it is about and whose owner may
//! know of it, in one transaction with the mark up to where events were taken in; so each event causes one message, on
//! however many replicas. Messages are sent by jobs, which try again when the other side fails. A webhook that fails again
//! and again is suspended. Sending itself is not done here: this crate knows no HTTP.

mod deliver;
mod dispatch;
mod manage;
mod payload;

use hub_account::{NamespaceId, NamespaceKind, key_of_wire_id, wire_id};
use hub_core::{RepoKind, Timestamp};

pub use deliver::{Delivery, DeliveryLog, DeliveryState, Outcome};
pub use dispatch::DELIVER_JOB;
pub use manage::{WatchTarget, WebhookChange};

/// The key of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WebhookId(pub(crate) i64);

impl WebhookId {
    /// The 24 digits of the API.
    pub fn wire(self) -> String {
        wire_id(self.0)
    }

    /// Reads the digits of the API; `None` for any other text.
    pub fn of_wire(text: &str) -> Option<Self> {
        key_of_wire_id(text).map(Self)
    }
}

/// What kind of thing is watched.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WatchKind {
    /// One repository.
    Repo(RepoKind),
    /// All repositories of a person or an organisation.
    Namespace(NamespaceKind),
}

impl WatchKind {
    /// The word of the API and of the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repo(kind) => kind.word(),
            Self::Namespace(kind) => kind.word(),
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        let namespaces = [NamespaceKind::User, NamespaceKind::Organization].map(Self::Namespace);
        let repos = RepoKind::ALL.into_iter().map(Self::Repo);
        repos.chain(namespaces).find(|kind| kind.word() == word)
    }
}

/// What a webhook is told about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Domain {
    /// Repositories: their content, settings, names.
    Repo,
    /// Discussions and comments.
    Discussion,
}

impl Domain {
    /// The word of the API and of the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repo => "repo",
            Self::Discussion => "discussion",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Repo, Self::Discussion].into_iter().find(|domain| domain.word() == word)
    }
}

/// Whether a webhook is told anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WebhookState {
    /// It is.
    Enabled,
    /// Its owner has switched it off.
    Disabled,
    /// It failed too often in a row.
    Suspended,
}

impl WebhookState {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Suspended => "suspended",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled, Self::Suspended].into_iter().find(|state| state.word() == word)
    }
}

/// Something that a webhook watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watch {
    /// What kind of thing.
    pub kind: WatchKind,
    /// Its key.
    pub(crate) target: i64,
    /// Its name when it was chosen.
    pub name: String,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its key.
    pub id: WebhookId,
    /// Whose it is.
    pub owner: NamespaceId,
    /// Where messages go.
    pub url: String,
    /// What it is told about.
    pub domains: Vec<Domain>,
    /// What proves to the other side that a message comes from here.
    pub secret: Option<String>,
    /// Whether it is told anything.
    pub state: WebhookState,
    /// When it was last told something.
    pub triggered: Option<Timestamp>,
    /// What it watches.
    pub watched: Vec<Watch>,
}
