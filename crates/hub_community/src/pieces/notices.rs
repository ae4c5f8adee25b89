//! Who is told of a piece or of what is said about it: whoever is mentioned or written with, whose it is, and whom
//! somebody answers. They are told by the job that tells of discussions, under the same settings.

use std::collections::BTreeMap;

use hub_account::{Caller, NamespaceId, NamespaceKind};
use hub_core::Timestamp;
use hub_jobs::Event;
use hub_mail::Letter;

use super::publish::PUBLISHED;
use super::remark::REMARKED;
use super::{Piece, PieceId, RemarkId};
use crate::notifications::{NotificationSetting as Setting, Reason, mentions, reader};
use crate::store::{blocks, notifications, pieces, remarks};
use crate::{Community, CommunityError, People};

/// The most notices that are shown.
const SHOWN_MAX: i64 = 50;
/// How much of a text a letter shows, in characters.
const QUOTED_MAX: usize = 2_000;

/// What somebody was told.
#[derive(Clone, Debug)]
pub struct PieceNotice {
    /// The piece as it is now.
    pub piece: Piece,
    /// What was said about it; nothing if it is about the piece itself.
    pub remark: Option<RemarkId>,
    /// Why they were told.
    pub reason: Reason,
    /// When it happened.
    pub updated: Timestamp,
}

/// A person who is told of a piece.
pub(crate) struct PieceTold {
    pub(crate) who: NamespaceId,
    pub(crate) piece: PieceId,
    pub(crate) remark: Option<RemarkId>,
    pub(crate) reason: Reason,
    pub(crate) at: Timestamp,
    pub(crate) in_page: bool,
    pub(crate) letter: Option<Letter>,
}

/// What an event tells of a piece.
struct Happened {
    piece: Piece,
    remark: Option<RemarkId>,
    /// Whom a remark answers.
    answered: Option<NamespaceId>,
    by: NamespaceId,
    text: String,
    at: Timestamp,
}

impl Community {
    /// Who is told of an event, if it is about a piece that is there for everyone.
    pub(crate) async fn told_of_piece(&self, event: &Event) -> Result<Vec<PieceTold>, CommunityError> {
        let Some(what) = self.happened_to_piece(event).await? else { return Ok(Vec::new()) };
        let mut reasons: BTreeMap<NamespaceId, Reason> = BTreeMap::new();
        if what.remark.is_some() {
            for who in [what.piece.owner, what.piece.author].into_iter().chain(what.answered) {
                reasons.insert(who, Reason::Participating);
            }
        }
        for who in pieces::authors(self.db(), what.piece.id).await? {
            reasons.insert(who, Reason::Participating);
        }
        for name in mentions(&what.text) {
            if let Some(found) = self.accounts().namespace(&name).await? {
                reasons.insert(found.id, Reason::Mention);
            }
        }
        reasons.remove(&what.by);
        let ids: Vec<NamespaceId> = reasons.keys().copied().collect();
        for who in blocks::blockers(self.db(), what.by, &ids).await? {
            reasons.remove(&who);
        }
        let people = self.people(reasons.keys().copied().chain([what.by, what.piece.owner])).await?;
        // An organisation is nobody who could be told.
        reasons.retain(|who, _| people.get(*who).is_some_and(|one| one.kind == NamespaceKind::User));
        let ids: Vec<NamespaceId> = reasons.keys().copied().collect();
        let off_page = notifications::switched_off(self.db(), Setting::WebParticipating.word(), &ids).await?;
        let off_mail = notifications::switched_off(self.db(), Setting::MailParticipating.word(), &ids).await?;
        let mut told = Vec::new();
        for (who, reason) in reasons {
            let letter = match off_mail.contains(&who) {
                true => None,
                false => self.letter_of_piece(&what, &people, who, reason).await?,
            };
            told.push(PieceTold {
                who,
                piece: what.piece.id,
                remark: what.remark,
                reason,
                at: what.at,
                in_page: !off_page.contains(&who),
                letter,
            });
        }
        Ok(told)
    }

    async fn happened_to_piece(&self, event: &Event) -> Result<Option<Happened>, CommunityError> {
        let number = |name: &str| event.payload[name].as_i64();
        let is_told = [PUBLISHED, REMARKED].contains(&event.kind.as_str());
        let (true, Some(id), Some(remark), Some(by)) = (is_told, number("piece"), number("remark"), number("by"))
        else {
            return Ok(None);
        };
        let Some(piece) = pieces::get(self.db(), PieceId(id)).await?.filter(Piece::is_public) else { return Ok(None) };
        let by = NamespaceId::new(by);
        if event.kind == PUBLISHED {
            let (text, at) = (piece.body.clone(), piece.published);
            return Ok(Some(Happened { piece, remark: None, answered: None, by, text, at }));
        }
        let all = remarks::of(self.db(), piece.id).await?;
        let row = all.iter().find(|row| row.id.0 == remark && row.hidden.is_none());
        let Some(row) = row.cloned() else { return Ok(None) };
        let answered = row.parent.and_then(|parent| all.iter().find(|one| one.id == parent)).map(|one| one.author);
        Ok(Some(Happened { piece, remark: Some(row.id), answered, by, text: row.body, at: row.at }))
    }

    /// What a person is told by mail; `None` without a mail server or a proven address, and while they have news of the
    /// same piece waiting.
    async fn letter_of_piece(
        &self,
        what: &Happened,
        people: &People,
        who: NamespaceId,
        reason: Reason,
    ) -> Result<Option<Letter>, CommunityError> {
        let Some(owner) = people.get(what.piece.owner) else { return Ok(None) };
        if pieces::is_notice_unread(self.db(), who, what.piece.id).await? {
            return Ok(None);
        }
        let Some(address) = self.accounts().letter_address(who).await? else { return Ok(None) };
        let by = people.get(what.by).map_or_else(|| "somebody".to_owned(), |one| one.name.to_string());
        let anchor = what.remark.map(|remark| format!("#{}", remark.wire())).unwrap_or_default();
        let mail = self.accounts().mail();
        let because = match reason {
            Reason::Mention => "you were mentioned",
            Reason::Participating | Reason::Review | Reason::Watching => "it is yours, or an answer to you",
        };
        let quoted: String = what.text.chars().take(QUOTED_MAX).collect();
        let name = what.piece.name();
        let text = format!(
            "{by} about “{name}”:\n\n{quoted}\n\n{}\n\nYou get this letter because {because}. What you are told, and how, \
             is up to you: {}\n",
            mail.link(&format!("{}{anchor}", what.piece.path(&owner.name))),
            mail.link("/settings/notifications"),
        );
        Ok(Some(Letter::new(address.as_str(), &format!("[{}] {name}", what.piece.noun()), &text)))
    }

    /// What the caller was told of posts and articles and has not looked at, the latest first, with everyone whom that
    /// names. What they may no longer read is left out.
    pub async fn piece_notices(&self, caller: &Caller) -> Result<(Vec<PieceNotice>, People), CommunityError> {
        let user = reader(caller)?;
        let mut notices = Vec::new();
        for (id, remark, reason, updated) in pieces::notices(self.db(), user.id, SHOWN_MAX).await? {
            let Some(piece) = pieces::get(self.db(), id).await? else { continue };
            if self.may_read(caller, &piece).await? {
                notices.push(PieceNotice { piece, remark, reason, updated });
            }
        }
        let people = self.people(notices.iter().flat_map(|one| [one.piece.owner, one.piece.author])).await?;
        Ok((notices, people))
    }

    /// The caller wants to see none of these any more.
    pub async fn mark_piece_notices_read(&self, caller: &Caller, until: Timestamp) -> Result<(), CommunityError> {
        let user = reader(caller)?;
        let mut tx = self.db().begin().await?;
        pieces::mark_notices(&mut tx, user.id, None, until).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that somebody has looked at a piece.
    pub(super) async fn saw_piece(&self, user: NamespaceId, piece: PieceId) -> Result<(), CommunityError> {
        if !pieces::is_notice_unread(self.db(), user, piece).await? {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        pieces::mark_notices(&mut tx, user, Some(piece), self.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}
