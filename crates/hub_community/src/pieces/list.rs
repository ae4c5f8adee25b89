//! Lists of posts and articles.

use std::collections::HashMap;

use hub_account::{Caller, NamespaceId};
use hub_core::OrgRole;
use hub_repo::{RepoId, RepoState};

use super::{Piece, PieceId, PieceKind, PiecePlace};
use crate::discussions::Reaction;
use crate::store::pieces;
use crate::{Community, CommunityError, People};

/// The most pieces of a page.
const PAGE_MAX: usize = 100;
/// The most drafts that somebody is shown.
const DRAFTS_MAX: i64 = 100;

/// Which pieces are wanted.
#[derive(Clone, Debug)]
pub struct PieceQuery {
    /// Posts or articles.
    pub kind: PieceKind,
    /// Of this person or organisation, or written by this person.
    pub of: Option<NamespaceId>,
    /// After this place.
    pub after: Option<PiecePlace>,
    /// How many at most.
    pub limit: usize,
}

/// A piece in a list.
#[derive(Clone, Debug)]
pub struct PieceLine {
    /// The piece.
    pub piece: Piece,
    /// The repositories that it names, as far as the caller may know of them.
    pub references: Vec<RepoState>,
    /// How many feel what about it, the most frequent first.
    pub reactions: Vec<(Reaction, u64)>,
}

/// A page of pieces, the latest first.
#[derive(Debug)]
pub struct PiecePage {
    /// The pieces.
    pub lines: Vec<PieceLine>,
    /// Who wrote them and whose they are.
    pub people: People,
    /// Where the next page begins, if there is one.
    pub next: Option<PiecePlace>,
}

impl Community {
    /// What was published, the latest first, without what those wrote whom the caller has blocked.
    pub async fn pieces(&self, caller: &Caller, query: &PieceQuery) -> Result<PiecePage, CommunityError> {
        let limit = query.limit.clamp(1, PAGE_MAX);
        let reader = caller.user().map(|user| user.id);
        let mut found = pieces::page(self.db(), query, reader, limit as i64 + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let place = |last: &Piece| PiecePlace { at: last.published.millis(), key: last.id.0 };
        let next = found.last().filter(|_| more).map(place);
        let (lines, people) = self.piece_lines(caller, found).await?;
        Ok(PiecePage { lines, people, next })
    }

    /// The drafts that the caller may change, the latest first.
    pub async fn drafts(&self, caller: &Caller) -> Result<PiecePage, CommunityError> {
        let Some(user) = caller.user() else {
            return Ok(PiecePage { lines: Vec::new(), people: People::default(), next: None });
        };
        let writes = user.memberships.iter().filter(|membership| membership.role >= OrgRole::Write);
        let owners: Vec<NamespaceId> = [user.id].into_iter().chain(writes.map(|one| one.org)).collect();
        let mut found = Vec::new();
        for draft in pieces::drafts(self.db(), user.id, &owners, DRAFTS_MAX).await? {
            if self.may_read(caller, &draft).await? {
                found.push(draft);
            }
        }
        let (lines, people) = self.piece_lines(caller, found).await?;
        Ok(PiecePage { lines, people, next: None })
    }

    /// Articles about a repository: first those that name it, then others of its owner.
    pub async fn articles_about(
        &self,
        caller: &Caller,
        repo: RepoId,
        owner: NamespaceId,
        limit: usize,
    ) -> Result<PiecePage, CommunityError> {
        let mut found = pieces::articles_naming(self.db(), repo, limit as i64).await?;
        if found.len() < limit {
            let query = PieceQuery { kind: PieceKind::Article, of: Some(owner), after: None, limit };
            for one in pieces::page(self.db(), &query, None, limit as i64).await? {
                if found.len() < limit && found.iter().all(|known| known.id != one.id) {
                    found.push(one);
                }
            }
        }
        let (lines, people) = self.piece_lines(caller, found).await?;
        Ok(PiecePage { lines, people, next: None })
    }

    /// Puts what lists show beside pieces.
    pub(crate) async fn piece_lines(
        &self,
        caller: &Caller,
        found: Vec<Piece>,
    ) -> Result<(Vec<PieceLine>, People), CommunityError> {
        let ids: Vec<PieceId> = found.iter().map(|piece| piece.id).collect();
        let named = pieces::references(self.db(), &ids).await?;
        let known = self.known(caller, named.iter().map(|(_, repo)| *repo)).await?;
        let mut felt: HashMap<PieceId, Vec<(Reaction, u64)>> = HashMap::new();
        for (piece, reaction, count) in pieces::reaction_counts(self.db(), &ids).await? {
            felt.entry(piece).or_default().push((reaction, count));
        }
        let people = self.people(found.iter().flat_map(|piece| [piece.owner, piece.author])).await?;
        let line = |piece: Piece| {
            let of_piece = named.iter().filter(|(id, _)| *id == piece.id);
            let mut reactions = felt.remove(&piece.id).unwrap_or_default();
            reactions.sort_by_key(|(reaction, count)| (std::cmp::Reverse(*count), *reaction));
            PieceLine {
                references: of_piece.filter_map(|(_, repo)| known.get(repo).cloned()).collect(),
                reactions,
                piece,
            }
        };
        Ok((found.into_iter().map(line).collect(), people))
    }
}
