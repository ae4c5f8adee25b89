//! Discussions and pull requests of a repository: what is said, and in which state they are.
//!
//! A pull request is a discussion with a branch; what concerns references and commits is the engine's. Whoever may know
//! the repository may read and take part, unless its owners have switched discussions off. Comments that are hidden lose
//! their text for good; comments that are edited keep what they said before.

mod change;
mod list;
mod open;
mod pull;
mod speak;
pub(crate) mod text;
mod thread;

use hub_account::{NamespaceId, key_of_wire_id, wire_id};
use hub_core::{Access, ThreadNumber, Timestamp};
use hub_repo::Repo;

pub use list::{DiscussionFilter, DiscussionPage, DiscussionQuery, DiscussionSort};
pub use open::{NewDiscussion, Proposed};
pub(crate) use pull::no_pull;
pub(crate) use speak::{Hiding, require_unlocked};
pub use thread::{Comment, Edition, Happening, PullThread, Reactions, Thread, ThreadEvent};

use crate::CommunityError;

/// The event by which people learn that a discussion was closed, opened again or merged.
pub(crate) const STATUS_EVENT: &str = "discussion.status";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub(crate) i64);

        impl $name {
            /// The key, for events.
            pub fn key(self) -> i64 {
                self.0
            }

            /// The 24 digits of the API.
            pub fn wire(self) -> String {
                wire_id(self.0)
            }

            /// Reads the digits of the API; `None` for any other text.
            pub fn of_wire(text: &str) -> Option<Self> {
                key_of_wire_id(text).map(Self)
            }
        }
    };
}

id! {
    /// The key of a discussion.
    DiscussionId
}
id! {
    /// The key of something that happened in a discussion.
    ThreadEventId
}

words! {
    /// In which state a discussion is.
    Status {
        /// A pull request that its author still works on.
        Draft = "draft",
        /// It goes on.
        Open = "open",
        /// It is over.
        Closed = "closed",
        /// A pull request whose changes were taken.
        Merged = "merged",
    }
}

words! {
    /// What somebody feels about a comment.
    Reaction {
        /// 🔥
        Fire = "fire",
        /// 🚀
        Rocket = "rocket",
        /// 👀
        Eyes = "eyes",
        /// ❤️
        Heart = "heart",
        /// 🤗
        Hugs = "hugs",
        /// 😎
        Cool = "cool",
        /// ➕
        Plus = "plus",
        /// 🧠
        Brain = "brain",
        /// 👍
        ThumbsUp = "thumbsup",
        /// 🤝
        Handshake = "handshake",
        /// 😔
        Sad = "sad",
        /// 🤯
        Mindblown = "mindblown",
    }
}

words! {
    /// Why a comment was hidden.
    HiddenReason {
        /// Advertisement.
        Spam = "Spam",
        /// It hurts people.
        Abuse = "Abuse",
        /// Pictures that not everybody wants to see.
        GraphicContent = "Graphic Content",
        /// It is settled.
        Resolved = "Resolved",
        /// It belongs elsewhere.
        OffTopic = "Off-Topic",
        /// It does not help.
        LowQuality = "Low Quality",
    }
}

/// A discussion or pull request without what was said in it.
#[derive(Clone, Debug)]
pub struct Discussion {
    /// Its key.
    pub id: DiscussionId,
    /// Its number within the repository.
    pub number: ThreadNumber,
    /// Who opened it.
    pub author: NamespaceId,
    /// What it is about.
    pub title: String,
    /// Whether it has a branch.
    pub is_pull: bool,
    /// In which state it is.
    pub status: Status,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Whether only those who may write to the repository may speak.
    pub locked: bool,
    /// When it was opened.
    pub created: Timestamp,
    /// How many comments it has, the opening one included.
    pub comments: i64,
    /// How many people reacted to a comment.
    pub reactors: i64,
}

impl Discussion {
    /// Refuses what only its author and those who may write to the repository may do.
    fn require_author_or_writer(&self, repo: &Repo, by: NamespaceId, what: &str) -> Result<(), CommunityError> {
        if self.author == by || repo.permits(Access::Write) {
            return Ok(());
        }
        Err(CommunityError::Forbidden(format!(
            "only its author and those who may write to {} may {what} this {}",
            repo.addr(),
            self.noun(),
        )))
    }

    pub(crate) fn noun(&self) -> &'static str {
        if self.is_pull { "pull request" } else { "discussion" }
    }
}

/// Refuses everything about discussions where they are switched off.
fn require_enabled(repo: &Repo) -> Result<(), CommunityError> {
    if !repo.state().settings.discussions_disabled {
        return Ok(());
    }
    Err(CommunityError::Forbidden(format!("Discussions are disabled for {}", repo.addr().repo_id())))
}

fn no_such(number: ThreadNumber) -> CommunityError {
    CommunityError::NotFound(format!("there is no discussion or pull request {number} in this repository"))
}
