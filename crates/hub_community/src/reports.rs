//! Reports: somebody says that a repository, a comment or a person is not as it should be, and administrators of the
//! instance decide.
//!
//! A report goes from open by way of being under review to decided. Whoever is affected by a decision may appeal against
//! it once; the answer to the appeal, or an administrator, closes the report. Decisions take effect by the means that
//! there are anyway: a comment is hidden, a repository switched off or marked, an account closed. Every step is written
//! down with who did it, when and why, and in the audit log as well. Who reports something learns whether something was
//! done, and nothing that they cannot see; who is affected learns what was decided and why, and never who reported it.

mod file;
mod moderate;
mod own;
mod tell;

use hub_account::{NamespaceId, key_of_wire_id, wire_id};
use hub_core::{NamespaceName, RepoAddr, ThreadNumber, Timestamp};
use hub_repo::RepoId;

use crate::discussions::{HiddenReason, ThreadEventId};
use crate::pieces::{PieceKind, RemarkId};

pub use moderate::Moderation;
pub use own::OwnReports;

/// The key of a report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReportId(pub(crate) i64);

impl ReportId {
    /// The 24 digits of the API.
    pub fn wire(self) -> String {
        wire_id(self.0)
    }

    /// Reads the digits of the API; `None` for any other text.
    pub fn of_wire(text: &str) -> Option<Self> {
        key_of_wire_id(text).map(Self)
    }
}

words! {
    /// What kind of thing is reported.
    SubjectKind {
        /// A repository.
        Repo = "repo",
        /// A comment of a discussion.
        Comment = "comment",
        /// A person.
        User = "user",
        /// A post or an article.
        Piece = "post",
        /// A comment on a post or an article.
        Remark = "post_comment",
    }
}

words! {
    /// Why something is reported.
    ReportReason {
        /// Advertisement, or the same over and over.
        Spam = "spam",
        /// It hurts or threatens people.
        Abuse = "abuse",
        /// It does harm to whoever runs it.
        Malware = "malware",
        /// It shows what belongs to somebody's private life.
        Privacy = "privacy",
        /// It takes what belongs to others.
        Copyright = "copyright",
        /// The law forbids it.
        Illegal = "illegal",
        /// Not everybody should see it unasked.
        Sensitive = "sensitive",
        /// Something else, which the text says.
        Other = "other",
    }
}

impl ReportReason {
    /// The reason that a hidden comment shows.
    fn hidden(self) -> Option<HiddenReason> {
        match self {
            Self::Spam => Some(HiddenReason::Spam),
            Self::Abuse => Some(HiddenReason::Abuse),
            Self::Sensitive => Some(HiddenReason::GraphicContent),
            Self::Malware | Self::Privacy | Self::Copyright | Self::Illegal | Self::Other => None,
        }
    }
}

words! {
    /// In which state a report is.
    ReportState {
        /// Nobody looked at it yet.
        Open = "open",
        /// An administrator looks into it.
        UnderReview = "under_review",
        /// It was decided.
        Decided = "decided",
        /// Whoever is affected asks to decide again.
        Appealed = "appealed",
        /// It is over.
        Closed = "closed",
    }
}

words! {
    /// What was decided.
    Decision {
        /// All stays as it is.
        NoAction = "no_action",
        /// The comment is hidden.
        HideComment = "hide_comment",
        /// The repository gets the tag `not-for-all-audiences`.
        MarkNotForAll = "mark_not_for_all_audiences",
        /// The repository is switched off.
        DisableRepo = "disable_repository",
        /// The post or article is hidden from all but its authors.
        HidePiece = "hide_post",
        /// The account of the person is closed.
        SuspendPerson = "suspend_person",
    }
}

impl Decision {
    /// Whether it can be decided about such a thing.
    pub fn fits(self, kind: SubjectKind) -> bool {
        match self {
            Self::NoAction | Self::SuspendPerson => true,
            Self::HideComment => matches!(kind, SubjectKind::Comment | SubjectKind::Remark),
            Self::HidePiece => kind == SubjectKind::Piece,
            Self::MarkNotForAll | Self::DisableRepo => kind == SubjectKind::Repo,
        }
    }
}

words! {
    /// What an appeal led to.
    Outcome {
        /// The decision stands.
        Upheld = "upheld",
        /// The decision was taken back.
        Reversed = "reversed",
    }
}

words! {
    /// What is done with a report.
    Step {
        /// Somebody made it.
        Filed = "filed",
        /// An administrator looks into it.
        Taken = "taken",
        /// It was decided.
        Decided = "decided",
        /// Whoever is affected appealed.
        Appealed = "appealed",
        /// The appeal was answered.
        Answered = "answered",
        /// It was closed.
        Closed = "closed",
    }
}

impl ReportState {
    /// The state after a step; `None` if that step cannot be taken now.
    pub fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Open, Step::Taken) => Some(Self::UnderReview),
            (Self::Open | Self::UnderReview, Step::Decided) => Some(Self::Decided),
            (Self::Decided, Step::Appealed) => Some(Self::Appealed),
            (Self::Appealed, Step::Answered) | (Self::Decided, Step::Closed) => Some(Self::Closed),
            _ => None,
        }
    }
}

/// What somebody reports, as they name it.
#[derive(Clone, Debug)]
pub enum Reported {
    /// A repository.
    Repo(RepoAddr),
    /// A comment of a discussion.
    Comment {
        /// Where.
        repo: RepoAddr,
        /// In which discussion.
        number: ThreadNumber,
        /// Which.
        comment: ThreadEventId,
    },
    /// A person.
    User(NamespaceName),
    /// A post or an article, or a comment on it.
    Piece {
        /// Which of the two.
        kind: PieceKind,
        /// Whose it is.
        owner: NamespaceName,
        /// The end of its address.
        slug: String,
        /// The comment; nothing for the piece itself.
        remark: Option<RemarkId>,
    },
}

/// What somebody says about it.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// Why.
    pub reason: ReportReason,
    /// In their words; may be empty, unless the reason is [`ReportReason::Other`].
    pub text: String,
}

/// What a report is about.
#[derive(Clone, Debug)]
pub struct ReportSubject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its key.
    pub(crate) key: i64,
    /// The repository that it is or is in.
    pub(crate) repo: Option<RepoId>,
    /// The discussion that it is in.
    pub(crate) number: Option<ThreadNumber>,
    /// What it was called when it was reported.
    pub label: String,
    /// What a comment said then.
    pub evidence: String,
    /// Whose it is.
    pub affected: NamespaceId,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its key.
    pub id: ReportId,
    /// What it is about.
    pub subject: ReportSubject,
    /// Who made it.
    pub reporter: NamespaceId,
    /// Why.
    pub reason: ReportReason,
    /// In their words.
    pub text: String,
    /// In which state it is.
    pub state: ReportState,
    /// What was decided.
    pub decision: Option<Decision>,
    /// Why, for whoever is affected.
    pub note: String,
    /// What they answered.
    pub appeal: Option<String>,
    /// What that led to.
    pub outcome: Option<Outcome>,
    /// Why, for them.
    pub answer: String,
    /// When it was made.
    pub created: Timestamp,
    /// When something was last done with it.
    pub changed: Timestamp,
}

impl Report {
    /// Whether something was done about its subject that still stands.
    pub fn has_effect(&self) -> bool {
        self.decision.is_some_and(|decision| decision != Decision::NoAction) && self.outcome != Some(Outcome::Reversed)
    }

    /// Whether whoever is affected may appeal.
    pub fn can_appeal(&self) -> bool {
        self.appeal.is_none() && self.has_effect() && self.state.after(Step::Appealed).is_some()
    }
}

/// What was done with a report.
#[derive(Clone, Debug)]
pub struct ReportStep {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: NamespaceId,
    /// What.
    pub what: Step,
    /// Which way, and why.
    pub detail: String,
}

/// A report as administrators see it.
#[derive(Debug)]
pub struct ReportView {
    /// The report.
    pub report: Report,
    /// What was done with it, in order.
    pub steps: Vec<ReportStep>,
    /// Where its subject is seen, on this server; nothing if it is gone.
    pub place: Option<String>,
    /// Everyone who is mentioned.
    pub people: crate::People,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_goes_one_way() {
        let path = [Step::Taken, Step::Decided, Step::Appealed, Step::Answered];
        let end = path.into_iter().try_fold(ReportState::Open, ReportState::after);
        assert_eq!(end, Some(ReportState::Closed));
        for step in Step::ALL {
            assert_eq!(ReportState::Closed.after(*step), None, "{step:?}");
        }
        assert_eq!(ReportState::Open.after(Step::Appealed), None);
        assert_eq!(ReportState::Open.after(Step::Closed), None, "what was not decided is not closed");
    }

    #[test]
    fn decisions_fit_what_they_are_about() {
        assert!(Decision::HideComment.fits(SubjectKind::Comment) && !Decision::HideComment.fits(SubjectKind::Repo));
        assert!(Decision::DisableRepo.fits(SubjectKind::Repo) && !Decision::DisableRepo.fits(SubjectKind::User));
        assert!(SubjectKind::ALL.iter().all(|kind| Decision::NoAction.fits(*kind)));
    }
}
