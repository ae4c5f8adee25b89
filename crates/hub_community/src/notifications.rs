//! Notifications: what people are told of discussions, in the page and by mail.
//!
//! There is one for each discussion and person; what happens in the discussion later renews it. Whoever is mentioned, takes
//! part, looks after the repository or watches it is told, unless they did it themselves, muted the discussion or switched
//! that kind off. They are made from the events of the outbox by one scheduled job, so that writing a comment costs the
//! same however many people hear of it. Nobody is told of what they may not know, and what somebody may no longer know
//! vanishes from their list.

mod dispatch;
mod list;
mod mentions;
mod settings;

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_repo::{RepoId, RepoState};

use crate::discussions::{Discussion, DiscussionId, ThreadEventId};

pub use list::{NotificationPage, NotificationQuery, NotificationView};
pub(crate) use mentions::mentions;
pub use mentions::mentions_in_prose;
pub(crate) use settings::reader;
pub use settings::{NotificationSetting, Watched};

words! {
    /// Why a person is told; the later outweighs the earlier.
    Reason {
        /// They watch the repository or its owner.
        Watching = "watching",
        /// They said something there, or look after the repository.
        Participating = "participating",
        /// Their pull request was reviewed.
        Review = "review",
        /// They were mentioned.
        Mention = "mention",
    }
}

/// What a person was told, as its row holds it.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    pub(crate) discussion: DiscussionId,
    pub(crate) repo: RepoId,
    pub(crate) event: ThreadEventId,
    pub(crate) reason: Reason,
    pub(crate) is_read: bool,
    pub(crate) updated: Timestamp,
}

/// What happened in a discussion, and who did it.
pub(crate) struct Happened {
    pub(crate) repo: RepoState,
    pub(crate) discussion: Discussion,
    pub(crate) event: ThreadEventId,
    /// Whether it is a review of a pull request.
    pub(crate) is_review: bool,
    pub(crate) by: NamespaceId,
    /// What was said, if anything was.
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}
