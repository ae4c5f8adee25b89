//! The feed of changes: for each repository that is or was public, when it last changed.
//!
//! It is compact: a repository stands in it once, at its latest change. So whoever begins at the beginning gets the whole
//! catalog, whoever goes on from a place gets what changed since, and nothing is ever pruned. It begins with what was
//! there before, by number zero, and is then carried on from the events, in the transaction that moves their reader.

use std::collections::{BTreeMap, HashMap};

use hub_account::Caller;
use hub_core::{RepoKind, Timestamp};
use hub_jobs::{Event, Outbox, OutboxError};
use hub_repo::{ListedRepo, RepoId, RepoState, named_by};

use crate::store::{self, ChangeRow};
use crate::{Insights, InsightsError};

/// The name under which the outbox keeps how far events were taken in.
const READER: &str = "public-feed";
/// How many events one transaction takes in, and how many repositories one question to the database names.
const EVENTS: u32 = 500;
const REPOS: usize = 500;
/// The most changes of a page.
const PAGE_MAX: usize = 500;
/// How many steps a question may take before it is answered.
const STEPS_OF_A_QUESTION: usize = 4;
/// Before all keys, which are positive.
pub(crate) const BEGINNING: i64 = 0;

/// How far the feed has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Reads the repositories that were there before.
    Reading {
        /// The key read last.
        read_to: i64,
    },
    /// Looks whether those that it tells of are still public, after events were missed.
    Checking {
        /// The key read last.
        read_to: i64,
    },
    /// Takes in events.
    Following,
}

/// A place in the feed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ChangePlace {
    pub(crate) number: i64,
    pub(crate) repo: i64,
}

impl Default for ChangePlace {
    /// The beginning.
    fn default() -> Self {
        Self { number: -1, repo: BEGINNING }
    }
}

impl ChangePlace {
    /// The text of a cursor.
    pub fn cursor(self) -> String {
        format!("{}.{}", self.number, self.repo)
    }

    /// Reads a cursor; `None` for any other text.
    pub fn of_cursor(text: &str) -> Option<Self> {
        let (number, repo) = text.split_once('.')?;
        let place = Self { number: number.parse().ok()?, repo: repo.parse().ok()? };
        (place.cursor() == text).then_some(place)
    }
}

/// A repository that changed.
#[derive(Clone, Debug)]
pub struct PublicChange {
    /// What it is.
    pub kind: RepoKind,
    /// `namespace/name`, for one that is gone as it was last known.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// The repository as it is now; `None` if it is no longer public.
    pub repo: Option<ListedRepo>,
}

/// Changes in order.
#[derive(Debug)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<PublicChange>,
    /// Where the next question goes on, also when there are no more yet.
    pub next: ChangePlace,
    /// Whether there are more now.
    pub more: bool,
}

impl Insights {
    /// The changes after a place, of one kind or of all.
    ///
    /// # Errors
    /// [`InsightsError::NotReady`] while the feed takes in what was there before it began.
    pub async fn changes(
        &self,
        after: ChangePlace,
        kind: Option<RepoKind>,
        limit: usize,
    ) -> Result<ChangePage, InsightsError> {
        self.follow().await?;
        let limit = limit.clamp(1, PAGE_MAX);
        let mut rows = store::after(&self.db, after, kind, limit as i64 + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().map_or(after, |row| ChangePlace { number: row.number, repo: row.repo });
        let present: Vec<RepoId> =
            rows.iter().filter(|row| !row.is_gone).map(|row| RepoId::from_key(row.repo)).collect();
        let picked = self.repos.pick(&Caller::Anonymous, &present).await?;
        let mut repos: HashMap<i64, ListedRepo> = picked.into_iter().map(|repo| (repo.state.id.key(), repo)).collect();
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let repo = repos.remove(&row.repo);
            if repo.is_none() && !row.is_gone {
                // It has just been hidden or removed: a later change tells of that.
                continue;
            }
            let Some(kind) = RepoKind::from_db(row.kind) else { continue };
            changes.push(PublicChange { kind, name: row.name, at: row.at, repo });
        }
        Ok(ChangePage { changes, next, more })
    }

    /// Takes in what can be taken in before a question is answered.
    async fn follow(&self) -> Result<(), InsightsError> {
        for _ in 0..STEPS_OF_A_QUESTION {
            if !self.step().await? {
                break;
            }
        }
        match store::phase(&self.db).await? {
            Phase::Following => Ok(()),
            _ => Err(InsightsError::NotReady),
        }
    }

    /// Where the feed ends now: what changes after this call comes after it.
    pub(crate) async fn end_of_feed(&self) -> Result<ChangePlace, InsightsError> {
        // What the feed has not told of yet cannot be told to be gone later.
        self.follow().await?;
        Ok(ChangePlace { number: self.outbox.latest().await?.number(), repo: BEGINNING })
    }

    /// Takes in everything that can be taken in. It can be left at any point and goes on there.
    pub async fn carry_feed_on(&self) -> Result<(), InsightsError> {
        while self.step().await? {}
        Ok(())
    }

    /// Does the next piece of work; `false` if there is none.
    async fn step(&self) -> Result<bool, InsightsError> {
        // Asked first: what changes while repositories are read is told again by the events that follow.
        let position = self.outbox.position(READER).await?;
        match store::phase(&self.db).await? {
            Phase::Reading { read_to } => self.read_on(read_to).await,
            Phase::Checking { read_to } => self.check_on(read_to).await,
            Phase::Following => match self.outbox.after(position, EVENTS).await {
                Ok(events) => match events.last().map(|event| event.sequence) {
                    Some(to) => {
                        let latest = latest(&events);
                        let keys: Vec<i64> = latest.keys().copied().collect();
                        let public = self.public(&keys).await?;
                        let mut tx = self.db.begin().await?;
                        if Outbox::advance(&mut tx, READER, position, to).await? {
                            take_in(&mut tx, latest, &public).await?;
                            tx.commit().await?;
                        }
                        // Else another replica was faster.
                        Ok(true)
                    }
                    None => Ok(false),
                },
                Err(OutboxError::Pruned { .. }) => {
                    let to = self.outbox.latest().await?;
                    let mut tx = self.db.begin().await?;
                    let is_first = Outbox::advance(&mut tx, READER, position, to).await?
                        && store::set_phase(&mut tx, Phase::Following, Phase::Reading { read_to: BEGINNING }).await?;
                    if is_first {
                        tx.commit().await?;
                    }
                    Ok(true)
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    async fn read_on(&self, read_to: i64) -> Result<bool, InsightsError> {
        let rows = self.repos.survey(Some(RepoId::from_key(read_to))).await?;
        let keys: Vec<i64> = rows.iter().map(|row| row.id.key()).collect();
        let next = match keys.last() {
            Some(last) => Phase::Reading { read_to: *last },
            None => Phase::Checking { read_to: BEGINNING },
        };
        let public = self.public(&keys).await?;
        let mut tx = self.db.begin().await?;
        if store::set_phase(&mut tx, Phase::Reading { read_to }, next).await? {
            for state in public.values() {
                store::tell(&mut tx, &row_of(state, 0, state.modified)).await?;
            }
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn check_on(&self, read_to: i64) -> Result<bool, InsightsError> {
        let told: Vec<i64> =
            store::told_after(&self.db, read_to, REPOS as i64).await?.into_iter().map(|(key,)| key).collect();
        let next = told.last().map_or(Phase::Following, |last| Phase::Checking { read_to: *last });
        let public = self.public(&told).await?;
        let end = self.outbox.latest().await?.number();
        let mut tx = self.db.begin().await?;
        if store::set_phase(&mut tx, Phase::Checking { read_to }, next).await? {
            for key in told.iter().filter(|key| !public.contains_key(key)) {
                store::take_away(&mut tx, *key, end, self.clock.now()).await?;
            }
            tx.commit().await?;
        }
        Ok(true)
    }

    /// Those of the repositories of which everyone may know.
    async fn public(&self, keys: &[i64]) -> Result<BTreeMap<i64, RepoState>, InsightsError> {
        let mut public = BTreeMap::new();
        for part in keys.chunks(REPOS) {
            let ids: Vec<RepoId> = part.iter().copied().map(RepoId::from_key).collect();
            let known = self.repos.known(&Caller::Anonymous, &ids).await?;
            public.extend(known.into_iter().map(|(id, state)| (id.key(), state)));
        }
        Ok(public)
    }
}

/// The latest event of each repository that tells of a change. Numbers change all the time and are no change of the
/// repository.
fn latest(events: &[Event]) -> BTreeMap<i64, &Event> {
    let mut latest: BTreeMap<i64, &Event> = BTreeMap::new();
    let is_told = |event: &&Event| !["repos.counted", "repo.likes"].contains(&event.kind.as_str());
    for event in events.iter().filter(is_told) {
        latest.extend(named_by(event).into_iter().map(|id| (id.key(), event)));
    }
    latest
}

/// Writes what events tell of repositories, of which some are public.
async fn take_in(
    tx: &mut hub_db::Tx,
    latest: BTreeMap<i64, &Event>,
    public: &BTreeMap<i64, RepoState>,
) -> Result<(), InsightsError> {
    for (key, event) in latest {
        let number = event.sequence.number();
        match public.get(&key) {
            Some(state) => store::tell(tx, &row_of(state, number, event.at)).await?,
            None => store::take_away(tx, key, number, event.at).await?,
        }
    }
    Ok(())
}

fn row_of(state: &RepoState, number: i64, at: Timestamp) -> ChangeRow {
    let (kind, name) = (state.addr.kind.to_db(), state.addr.repo_id());
    ChangeRow { repo: state.id.key(), number, at, kind, name, is_gone: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor() {
        for place in [ChangePlace::default(), ChangePlace { number: 0, repo: 0 }, ChangePlace { number: 12, repo: -7 }]
        {
            assert_eq!(ChangePlace::of_cursor(&place.cursor()), Some(place));
        }
        for text in ["", ".", "1", "1.", "x.1", "1.g", "1. 1", "+1.1", "01.1"] {
            assert_eq!(ChangePlace::of_cursor(text), None, "{text}");
        }
    }
}
