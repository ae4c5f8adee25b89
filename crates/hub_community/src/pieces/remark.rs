//! Remarks: what people answer to a piece and to each other. They are shown as comments.

use hub_account::{Caller, NamespaceId};
use hub_core::OrgRole;
use hub_db::Tx;
use serde_json::json;

use super::{Piece, PieceId, Remark, RemarkId, RemarkRow, no_such, no_such_remark, poster};
use crate::discussions::HiddenReason;
use crate::store::{blocks, pieces, remarks};
use crate::{Community, CommunityError};

/// The most characters of a remark.
const REMARK_MAX: usize = 65_536;
/// The most remarks about one piece: they are shown on one page.
const REMARKS_MAX: u64 = 1_000;

/// The event by which people learn of a remark.
pub(super) const REMARKED: &str = "piece.remark.created";

/// What a decision does to a remark.
#[derive(Clone, Copy)]
pub(crate) enum RemarkHiding<'a> {
    /// It is hidden.
    Hide(Option<HiddenReason>),
    /// It says again what it said.
    Restore(&'a str),
}

impl Community {
    /// Adds a remark about a piece, perhaps as an answer to another one.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for whoever the owner, the author or the one who is answered has blocked;
    /// [`CommunityError::Conflict`] if there are too many.
    pub async fn remark(
        &self,
        caller: &Caller,
        piece: &Piece,
        answered: Option<RemarkId>,
        text: &str,
    ) -> Result<Remark, CommunityError> {
        let user = poster(caller, piece.owner)?;
        let body = bounded(text)?;
        let mut tx = self.db().begin().await?;
        let locked = pieces::lock(&mut tx, piece.id).await?.ok_or_else(|| no_such(piece.kind))?;
        if locked.remarks >= REMARKS_MAX {
            return Err(CommunityError::Conflict(format!(
                "there are {REMARKS_MAX} comments here, and that is the most"
            )));
        }
        self.require_welcome_at(&mut tx, caller, piece, piece.author).await?;
        let mut parent = None;
        if let Some(id) = answered {
            let row = remarks::get_in(&mut tx, piece.id, id).await?.ok_or_else(no_such_remark)?;
            if row.hidden.is_some() {
                return Err(CommunityError::Forbidden("nobody can answer to a hidden comment".to_owned()));
            }
            self.require_welcome_at(&mut tx, caller, piece, row.author).await?;
            parent = Some(row.parent.unwrap_or(row.id));
        }
        let row = RemarkRow {
            id: RemarkId(self.next_key()),
            parent,
            author: user.id,
            at: self.now(),
            body,
            edited: None,
            hidden: None,
        };
        remarks::insert(&mut tx, piece.id, &row).await?;
        let payload = json!({ "piece": piece.id.0, "remark": row.id.0, "by": user.id.key() });
        self.note(&mut tx, REMARKED, &format!("piece:{}", piece.id.0), payload).await?;
        tx.commit().await?;
        self.one_remark(piece.id, row).await
    }

    /// Gives a remark another text.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than its author, or if it is hidden.
    pub async fn edit_remark(
        &self,
        caller: &Caller,
        piece: &Piece,
        id: RemarkId,
        text: &str,
    ) -> Result<Remark, CommunityError> {
        let user = poster(caller, piece.owner)?;
        let body = bounded(text)?;
        let mut tx = self.db().begin().await?;
        pieces::lock(&mut tx, piece.id).await?.ok_or_else(|| no_such(piece.kind))?;
        let mut row = remarks::get_in(&mut tx, piece.id, id).await?.ok_or_else(no_such_remark)?;
        if row.author != user.id {
            return Err(CommunityError::Forbidden("only its author may edit a comment".to_owned()));
        }
        if row.hidden.is_some() {
            return Err(CommunityError::Forbidden("a hidden comment cannot be edited".to_owned()));
        }
        self.require_welcome_at(&mut tx, caller, piece, piece.author).await?;
        (row.body, row.edited) = (body, Some(self.now()));
        remarks::update(&mut tx, &row).await?;
        tx.commit().await?;
        self.one_remark(piece.id, row).await
    }

    /// Hides a remark: its text is gone for good.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than its author, those who may change the piece, and administrators of the
    /// instance.
    pub async fn hide_remark(
        &self,
        caller: &Caller,
        piece: &Piece,
        id: RemarkId,
        reason: Option<HiddenReason>,
    ) -> Result<Remark, CommunityError> {
        let user = poster(caller, piece.owner)?;
        let may_anyway = caller.is_instance_admin() || self.may_change_piece(caller, piece).await?;
        let mut tx = self.db().begin().await?;
        pieces::lock(&mut tx, piece.id).await?.ok_or_else(|| no_such(piece.kind))?;
        let mut row = remarks::get_in(&mut tx, piece.id, id).await?.ok_or_else(no_such_remark)?;
        if row.author != user.id && !may_anyway {
            return Err(CommunityError::Forbidden(format!(
                "only its author and those of the {} may hide a comment",
                piece.noun()
            )));
        }
        hide(&mut tx, piece.id, &mut row, user.id, reason).await?;
        tx.commit().await?;
        self.one_remark(piece.id, row).await
    }

    /// Hides a remark in the transaction of a decision about it, or gives it its text back. What is gone stays gone.
    pub(crate) async fn set_remark_hidden_in(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: RemarkId,
        change: RemarkHiding<'_>,
    ) -> Result<(), CommunityError> {
        let by = caller.user().ok_or(CommunityError::NeedsLogin)?.id;
        let Some((piece, mut row)) = remarks::anywhere(tx, id).await? else { return Ok(()) };
        match change {
            RemarkHiding::Hide(reason) => hide(tx, piece, &mut row, by, reason).await,
            RemarkHiding::Restore(text) if row.hidden.is_some() => {
                (row.body, row.hidden) = (text.to_owned(), None);
                Ok(remarks::update(tx, &row).await?)
            }
            RemarkHiding::Restore(_) => Ok(()),
        }
    }

    /// Refuses whoever was blocked by the owner of a piece or by whom they would speak to. Whoever may write in the name
    /// of the owner speaks anyway.
    pub(super) async fn require_welcome_at(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        piece: &Piece,
        partner: NamespaceId,
    ) -> Result<(), CommunityError> {
        let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
        let writes = caller.role_in(piece.owner) >= Some(OrgRole::Write);
        if writes || !blocks::exists(tx, [piece.owner, partner], user.id).await? {
            return Ok(());
        }
        Err(CommunityError::Forbidden(
            "you cannot take part here: whose it is, or whom you answer, has blocked you".to_owned(),
        ))
    }
}

async fn hide(
    tx: &mut Tx,
    piece: PieceId,
    row: &mut RemarkRow,
    by: NamespaceId,
    reason: Option<HiddenReason>,
) -> Result<(), CommunityError> {
    if row.hidden.is_none() {
        row.body.clear();
        (row.edited, row.hidden) = (None, Some((by, reason)));
        remarks::update(tx, row).await?;
        remarks::forget_reactions(tx, piece, row.id).await?;
    }
    Ok(())
}

fn bounded(text: &str) -> Result<String, CommunityError> {
    if text.trim().is_empty() {
        return Err(CommunityError::BadRequest("the comment is empty: write something".to_owned()));
    }
    if text.contains('\0') {
        return Err(CommunityError::BadRequest("a comment may hold no NUL character".to_owned()));
    }
    if text.len() > REMARK_MAX && text.chars().count() > REMARK_MAX {
        return Err(CommunityError::BadRequest(format!("a comment has at most {REMARK_MAX} characters: shorten it")));
    }
    Ok(text.to_owned())
}
