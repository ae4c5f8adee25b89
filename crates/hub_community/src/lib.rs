//! What people do about repositories together. One folder a notion; the engine decides who may, this crate what then
//! happens.
//!
//! A [`hub_repo::Repo`] is the proof that its caller may know the repository, so nothing here asks that again. Use cases
//! begin and end their transaction, and write the event by which webhooks and notifications learn of the change in it.

#[macro_use]
mod words;

mod blocks;
mod collections;
mod community;
mod discussions;
mod error;
mod feed;
mod follows;
mod likes;
mod notifications;
mod papers;
mod people;
mod pieces;
mod reports;
mod reviews;
mod store;
mod webhooks;

pub use collections::{
    Collection, CollectionChange, CollectionId, CollectionPage, CollectionPlace, CollectionQuery, CollectionSort,
    CollectionView, Held, ItemChange, ItemId, ItemKind, ItemTarget, ItemView, NewCollection, NewItem, Shown,
};
pub use community::{Community, CommunityParts};
pub use discussions::{
    Comment, Discussion, DiscussionFilter, DiscussionId, DiscussionPage, DiscussionQuery, DiscussionSort, Edition,
    Happening, HiddenReason, NewDiscussion, Proposed, PullThread, Reaction, Reactions, Status, Thread, ThreadEvent,
    ThreadEventId,
};
pub use error::CommunityError;
pub use feed::{FeedEvent, FeedItem, FeedPage, FeedPlace};
pub use follows::{FollowCounts, FollowPage};
pub use likes::{LikePage, LikePlace, Liked};
pub use notifications::{
    NotificationPage, NotificationQuery, NotificationSetting, NotificationView, Reason, Watched, mentions_in_prose,
};
pub use papers::{
    Author, Claim, DailyQuery, Paper, PaperChange, PaperId, PaperOrder, PaperPage, PaperPlace, PaperView,
};
pub use people::People;
pub use pieces::{
    NewPiece, Piece, PieceChange, PieceId, PieceKind, PieceLine, PieceNotice, PiecePage, PiecePlace, PieceQuery,
    PieceThread, Remark, RemarkId,
};
pub use reports::{
    Decision, Moderation, NewReport, Outcome as AppealOutcome, OwnReports, Report, ReportId, ReportReason, ReportState,
    ReportStep, ReportSubject, ReportView, Reported, Step, SubjectKind,
};
pub use reviews::{
    LineComment, LineContext, Missing, NewLineComment, NewReview, Opinion, Review, ReviewPolicy, Side, Standing,
    Verdict, suggestion_of,
};
pub use webhooks::{
    DELIVER_JOB, Delivery, DeliveryLog, DeliveryState, Domain, Outcome, Watch, WatchKind, WatchTarget, Webhook,
    WebhookChange, WebhookId, WebhookState,
};
