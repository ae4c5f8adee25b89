//! The feed of a person: what those did whom they follow or watch, the latest first.
//!
//! Nothing is written for it. It is put together when it is read, from indexes that lead from a person to what they did,
//! and what the reader may not know of is left out then: a repository that was hidden since is in nobody's feed. Each
//! question looks at a stretch of time, first a short one, so that whoever follows many pays for what is new.

mod place;

use std::collections::{HashMap, HashSet};

use hub_account::{Caller, NamespaceId};
use hub_core::Timestamp;
use hub_repo::{RepoId, RepoState};

pub use place::FeedPlace;
pub(crate) use place::{Before, Source};

use crate::discussions::{Discussion, DiscussionId};
use crate::notifications::{Watched, reader};
use crate::papers::{Paper, PaperId};
use crate::pieces::{PieceId, PieceLine};
use crate::store::{blocks, discussions, feed, follows, notifications, papers, pieces};
use crate::{Community, CommunityError, People};

/// The most items of a page.
const PAGE_MAX: usize = 100;
/// The most people and organisations, and the most repositories, whose doings are looked for.
const PEOPLE_MAX: i64 = 2_000;
const WATCHED_MAX: i64 = 1_000;
/// The most people whom somebody has blocked.
const BLOCKED_MAX: i64 = 1_000;
/// How many days are looked through, until a page is full; at last all of them.
const STRETCHES: [Option<i64>; 3] = [Some(7), Some(90), None];
const DAY_MILLIS: i64 = 86_400_000;
/// How often more is looked for in place of what the reader may not know of.
const ROUNDS_MAX: usize = 5;

/// What somebody did.
#[derive(Clone, Debug)]
pub enum FeedEvent {
    /// There is a new repository.
    Repo(Box<RepoState>),
    /// A post or an article was published.
    Piece(Box<PieceLine>),
    /// A discussion or pull request was opened.
    Discussion(Box<RepoState>, Box<Discussion>),
    /// A paper was submitted as one of the day.
    Paper(Box<Paper>, NamespaceId),
    /// Somebody likes a repository.
    Like(NamespaceId, Box<RepoState>),
}

/// Something in a feed.
#[derive(Clone, Debug)]
pub struct FeedItem {
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub what: FeedEvent,
}

impl FeedItem {
    /// Who did it: for a new repository whose it is, for a post or an article in whose name it is published.
    pub fn who(&self) -> NamespaceId {
        match &self.what {
            FeedEvent::Repo(repo) => repo.owner,
            FeedEvent::Piece(line) => line.piece.owner,
            FeedEvent::Discussion(_, discussion) => discussion.author,
            FeedEvent::Paper(_, by) => *by,
            FeedEvent::Like(who, _) => *who,
        }
    }
}

/// A page of a feed.
#[derive(Debug)]
pub struct FeedPage {
    /// The latest first.
    pub items: Vec<FeedItem>,
    /// Everyone who is mentioned.
    pub people: People,
    /// Where the next page begins, if there may be one.
    pub next: Option<FeedPlace>,
    /// Whether the reader follows or watches anything at all.
    pub has_sources: bool,
}

/// What happened, before it is known whether the reader may know of it.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    Repo(RepoId),
    Piece(PieceId),
    Discussion(DiscussionId, RepoId),
    Paper(PaperId, NamespaceId),
    Like(NamespaceId, RepoId),
}

impl Mark {
    fn repo(&self) -> Option<RepoId> {
        match self {
            Self::Repo(repo) | Self::Discussion(_, repo) | Self::Like(_, repo) => Some(*repo),
            Self::Piece(_) | Self::Paper(..) => None,
        }
    }
}

/// Whose doings are looked for.
struct Followed {
    people: Vec<NamespaceId>,
    repos: Vec<RepoId>,
    blocked: HashSet<NamespaceId>,
}

impl Community {
    /// What those did whom the caller follows or watches, as far as the caller may know of it.
    pub async fn feed(
        &self,
        caller: &Caller,
        after: Option<FeedPlace>,
        limit: usize,
    ) -> Result<FeedPage, CommunityError> {
        let user = reader(caller)?.id;
        let limit = limit.clamp(1, PAGE_MAX);
        let followed = self.followed(user).await?;
        let has_sources = !followed.people.is_empty() || !followed.repos.is_empty();
        let mut place = after.unwrap_or_else(|| FeedPlace::newest(self.now()));
        let mut found: Vec<(FeedPlace, FeedItem)> = Vec::new();
        let mut more = has_sources;
        for _ in 0..ROUNDS_MAX {
            if !more || found.len() > limit {
                break;
            }
            let mut marks = self.marks(&followed, place, limit + 1).await?;
            more = marks.len() > limit;
            marks.truncate(limit);
            place = marks.last().map_or(place, |(place, _)| *place);
            found.extend(self.shown(caller, &followed, marks).await?);
        }
        let is_cut = found.len() > limit;
        found.truncate(limit);
        let next = match (is_cut, more) {
            (true, _) => found.last().map(|(place, _)| *place),
            (false, true) => Some(place),
            (false, false) => None,
        };
        let items: Vec<FeedItem> = found.into_iter().map(|(_, item)| item).collect();
        let mut ids: Vec<NamespaceId> = items.iter().map(FeedItem::who).collect();
        ids.extend(items.iter().filter_map(|item| match &item.what {
            FeedEvent::Piece(line) => Some(line.piece.author),
            _ => None,
        }));
        Ok(FeedPage { people: self.people(ids).await?, items, next, has_sources })
    }

    async fn followed(&self, user: NamespaceId) -> Result<Followed, CommunityError> {
        let mut people = follows::following(self.db(), user, None, PEOPLE_MAX).await?;
        let mut repos = Vec::new();
        for watched in notifications::watched(self.db(), user, WATCHED_MAX).await? {
            match watched {
                Watched::Repo(id) => repos.push(id),
                Watched::User(id) | Watched::Org(id) if !people.contains(&id) => people.push(id),
                Watched::User(_) | Watched::Org(_) => {}
            }
        }
        let blocked = blocks::of(self.db(), user, BLOCKED_MAX).await?.into_iter().collect();
        Ok(Followed { people, repos, blocked })
    }

    /// What happened before a place, the latest first, at most `limit`.
    async fn marks(
        &self,
        followed: &Followed,
        place: FeedPlace,
        limit: usize,
    ) -> Result<Vec<(FeedPlace, Mark)>, CommunityError> {
        for days in STRETCHES {
            let from = days.map_or(0, |days| place.at.saturating_sub(days * DAY_MILLIS).max(0));
            let marks = self.marks_since(followed, place, from, limit).await?;
            if marks.len() >= limit || from == 0 {
                return Ok(marks);
            }
        }
        Ok(Vec::new())
    }

    async fn marks_since(
        &self,
        followed: &Followed,
        place: FeedPlace,
        from: i64,
        limit: usize,
    ) -> Result<Vec<(FeedPlace, Mark)>, CommunityError> {
        let before = |source: Source| Before::of(source, place, from, limit as i64);
        let (people, db) = (followed.people.as_slice(), self.db());
        let mut marks: Vec<(FeedPlace, Mark)> = Vec::new();
        let span = before(Source::Repo);
        let created = (Timestamp::from_millis(from), Timestamp::from_millis(span.at), span.key);
        for (repo, at) in self.repos().created_of(people, created, limit).await? {
            marks.push((
                FeedPlace { at: at.millis(), source: Source::Repo, key: repo.key(), more: 0 },
                Mark::Repo(repo),
            ));
        }
        marks.extend(feed::pieces(db, people, before(Source::Piece)).await?);
        marks.extend(feed::discussions(db, people, &followed.repos, before(Source::Discussion)).await?);
        marks.extend(feed::papers(db, people, before(Source::Paper)).await?);
        marks.extend(feed::likes(db, people, before(Source::Like)).await?);
        marks.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        marks.dedup_by_key(|(place, _)| *place);
        marks.truncate(limit);
        Ok(marks)
    }

    /// Of what happened, that which the reader may know of and wants to.
    async fn shown(
        &self,
        caller: &Caller,
        followed: &Followed,
        marks: Vec<(FeedPlace, Mark)>,
    ) -> Result<Vec<(FeedPlace, FeedItem)>, CommunityError> {
        let known = self.known(caller, marks.iter().filter_map(|(_, mark)| mark.repo())).await?;
        let ids = marks.iter().filter_map(|(_, mark)| match mark {
            Mark::Piece(id) => Some(*id),
            _ => None,
        });
        let mut written = pieces::get_many(self.db(), &ids.collect::<Vec<_>>()).await?;
        written.retain(|piece| piece.is_public() && !followed.blocked.contains(&piece.author));
        let (lines, _) = self.piece_lines(caller, written).await?;
        let mut lines: HashMap<PieceId, PieceLine> = lines.into_iter().map(|line| (line.piece.id, line)).collect();
        let mut found = Vec::new();
        for (place, mark) in marks {
            let of_repo = mark.repo().and_then(|id| known.get(&id)).cloned().map(Box::new);
            let what = match mark {
                Mark::Repo(_) => of_repo.map(FeedEvent::Repo),
                Mark::Piece(id) => lines.remove(&id).map(|line| FeedEvent::Piece(Box::new(line))),
                Mark::Like(who, _) => of_repo.map(|repo| FeedEvent::Like(who, repo)),
                Mark::Discussion(id, _) => match of_repo.filter(|repo| !repo.settings.discussions_disabled) {
                    Some(repo) => {
                        let discussion = discussions::by_id(self.db(), id).await?;
                        discussion.map(|discussion| FeedEvent::Discussion(repo, Box::new(discussion)))
                    }
                    None => None,
                },
                Mark::Paper(id, by) => {
                    papers::get(self.db(), &id).await?.map(|paper| FeedEvent::Paper(Box::new(paper), by))
                }
            };
            let item = what.map(|what| FeedItem { at: Timestamp::from_millis(place.at), what });
            if let Some(item) = item.filter(|item| !followed.blocked.contains(&item.who())) {
                found.push((place, item));
            }
        }
        Ok(found)
    }
}
