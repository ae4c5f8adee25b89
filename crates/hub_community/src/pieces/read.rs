//! A piece with everything that was said about it.

use std::collections::HashMap;

use hub_account::{Caller, NamespaceId};
use hub_core::Timestamp;
use hub_repo::RepoState;

use super::{Piece, PieceId, RemarkId, RemarkRow};
use crate::discussions::{HiddenReason, Reaction, Reactions};
use crate::store::{pieces, remarks};
use crate::{Community, CommunityError, People};

/// The most reactions to a piece and to what was said about it that are told.
const REACTIONS_MAX: i64 = 20_000;

/// A remark.
#[derive(Clone, Debug)]
pub struct Remark {
    /// Its key.
    pub id: RemarkId,
    /// The remark that it answers.
    pub parent: Option<RemarkId>,
    /// Who made it.
    pub author: NamespaceId,
    /// When.
    pub at: Timestamp,
    /// Its Markdown; empty once it is hidden.
    pub body: String,
    /// When its text last changed.
    pub edited: Option<Timestamp>,
    /// Who hid it, if it is hidden.
    pub hidden_by: Option<NamespaceId>,
    /// Why, if they said.
    pub hidden_reason: Option<HiddenReason>,
    /// What people feel about it.
    pub reactions: Vec<Reactions>,
}

/// A piece with everything that was said about it.
#[derive(Debug)]
pub struct PieceThread {
    /// Who else wrote it.
    pub coauthors: Vec<NamespaceId>,
    /// The repositories that it names, as far as the caller may know of them.
    pub references: Vec<RepoState>,
    /// What people feel about it.
    pub reactions: Vec<Reactions>,
    /// What was said about it: answers come after what they answer.
    pub remarks: Vec<Remark>,
    /// Everyone who is mentioned.
    pub people: People,
    /// Whether the caller voted for it.
    pub is_upvoted: bool,
    /// Whether the caller may change it.
    pub may_change: bool,
}

impl Community {
    /// Everything that belongs to a piece that the caller has found. That they have looked is noted.
    pub async fn piece_thread(&self, caller: &Caller, piece: &Piece) -> Result<PieceThread, CommunityError> {
        let coauthors = pieces::authors(self.db(), piece.id).await?;
        let named = pieces::references(self.db(), &[piece.id]).await?;
        let mut known = self.known(caller, named.iter().map(|(_, repo)| *repo)).await?;
        let mut felt = grouped(remarks::reactions(self.db(), piece.id, REACTIONS_MAX).await?);
        let rows = remarks::of(self.db(), piece.id).await?;
        let reactions = felt.remove(&None).unwrap_or_default();
        let remarks = in_order(rows)
            .into_iter()
            .map(|row| Remark::of(felt.remove(&Some(row.id)).unwrap_or_default(), row))
            .collect::<Vec<_>>();
        let mut ids = vec![piece.owner, piece.author];
        ids.extend(coauthors.iter().copied().chain(piece.hidden_by));
        ids.extend(reactions.iter().flat_map(|one| one.people.iter().copied()));
        remarks.iter().for_each(|remark| ids.extend(mentioned(remark)));
        let is_upvoted = match caller.user() {
            Some(user) => {
                if user.credential.is_full() {
                    self.saw_piece(user.id, piece.id).await?;
                }
                pieces::has_upvoted(self.db(), piece.id, user.id).await?
            }
            None => false,
        };
        Ok(PieceThread {
            references: named.iter().filter_map(|(_, repo)| known.remove(repo)).collect(),
            people: self.people(ids).await?,
            may_change: self.may_change_piece(caller, piece).await?,
            coauthors,
            reactions,
            remarks,
            is_upvoted,
        })
    }

    /// A remark with what people feel about it.
    pub(super) async fn one_remark(&self, piece: PieceId, row: RemarkRow) -> Result<Remark, CommunityError> {
        let mut felt = grouped(remarks::reactions(self.db(), piece, REACTIONS_MAX).await?);
        Ok(Remark::of(felt.remove(&Some(row.id)).unwrap_or_default(), row))
    }

    /// The people whom an answer about a remark names.
    pub async fn people_of_remark(&self, remark: &Remark) -> Result<People, CommunityError> {
        self.people(mentioned(remark)).await
    }
}

impl Remark {
    fn of(reactions: Vec<Reactions>, row: RemarkRow) -> Self {
        Self {
            id: row.id,
            parent: row.parent,
            author: row.author,
            at: row.at,
            body: row.body,
            edited: row.edited,
            hidden_by: row.hidden.map(|(by, _)| by),
            hidden_reason: row.hidden.and_then(|(_, reason)| reason),
            reactions,
        }
    }
}

fn mentioned(remark: &Remark) -> impl Iterator<Item = NamespaceId> {
    let felt = remark.reactions.iter().flat_map(|one| one.people.iter().copied());
    [remark.author].into_iter().chain(remark.hidden_by).chain(felt)
}

/// Answers after what they answer, each in the order of time.
fn in_order(rows: Vec<RemarkRow>) -> Vec<RemarkRow> {
    let (answers, first): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.parent.is_some());
    let mut by_parent: HashMap<Option<RemarkId>, Vec<RemarkRow>> = HashMap::new();
    for row in answers {
        by_parent.entry(row.parent).or_default().push(row);
    }
    let mut found = Vec::new();
    for row in first {
        let behind = by_parent.remove(&Some(row.id)).unwrap_or_default();
        found.push(row);
        found.extend(behind);
    }
    found
}

/// Who feels what about the piece itself (`None`) and each remark.
fn grouped(rows: Vec<(Option<RemarkId>, Reaction, NamespaceId)>) -> HashMap<Option<RemarkId>, Vec<Reactions>> {
    let mut felt: HashMap<Option<RemarkId>, Vec<Reactions>> = HashMap::new();
    for (remark, reaction, by) in rows {
        let of_one = felt.entry(remark).or_default();
        match of_one.iter_mut().find(|known| known.reaction == reaction) {
            Some(known) => known.people.push(by),
            None => of_one.push(Reactions { reaction, people: vec![by] }),
        }
    }
    felt
}
