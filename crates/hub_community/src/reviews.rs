//! Reviews of pull requests: what people who looked at one say of it, and what a repository asks for before it is merged.
//!
//! A review is a comment with a verdict, so it can be edited, hidden and answered like any other. Of each person the latest
//! approval or request for changes counts; a mere comment takes neither back. What counts towards a merge is what those say
//! who may write to the repository, and the code owners of the changed files: anybody may have an opinion, and nobody can
//! be let in by strangers. Whoever opened a pull request does not judge it.

mod conflicts;
mod lines;
mod policy;
mod standing;
mod submit;
mod suggestion;

use hub_account::NamespaceId;
use hub_core::{Oid, Timestamp};

pub use lines::{LineComment, LineContext, NewLineComment, Side};
pub use standing::{Missing, Opinion, Standing};
pub use submit::NewReview;
pub use suggestion::suggestion_of;

use crate::discussions::ThreadEventId;

/// The most approvals that a repository can ask for.
pub(crate) const APPROVALS_MAX: u8 = 10;

words! {
    /// What somebody thinks of a pull request.
    Verdict {
        /// Something to think about.
        Comment = "comment",
        /// It can be merged.
        Approve = "approve",
        /// Not as it is.
        RequestChanges = "changes",
    }
}

impl Verdict {
    /// How a letter tells it; a comment speaks for itself.
    pub(crate) fn announced(self) -> Option<&'static str> {
        match self {
            Self::Comment => None,
            Self::Approve => Some("approves the pull request"),
            Self::RequestChanges => Some("asks for changes"),
        }
    }
}

/// What a repository asks for before a pull request is merged. At first nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ReviewPolicy {
    /// How many people must approve.
    pub approvals: u8,
    /// Whether an owner of each changed file must approve, as `CODEOWNERS` names them.
    pub code_owners: bool,
    /// Whether an approval counts only for the commit that it was given for.
    pub fresh: bool,
}

impl ReviewPolicy {
    /// Whether it asks for anything at all.
    pub fn asks(&self) -> bool {
        self.approvals > 0 || self.code_owners
    }
}

/// A review.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Review {
    /// The comment that it is.
    pub event: ThreadEventId,
    /// Whose it is.
    pub reviewer: NamespaceId,
    /// What they think.
    pub verdict: Verdict,
    /// Where the pull request was.
    pub commit: Oid,
    /// When.
    pub at: Timestamp,
}
