//! What becomes of a piece: its text changes, it is published, voted for, hidden, deleted.

use hub_account::{Act, Caller, Namespace};
use hub_core::{NamespaceName, OrgRole};
use hub_db::Tx;

use super::publish::{body_of, title_of};
use super::{Piece, PieceId, PieceKind, RemarkId, no_such, no_such_remark, poster};
use crate::discussions::Reaction;
use crate::store::{pieces, remarks};
use crate::{Community, CommunityError};

/// What shall change; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct PieceChange {
    /// What it is called.
    pub title: Option<String>,
    /// Its Markdown.
    pub body: Option<String>,
    /// Who writes it with its author.
    pub coauthors: Option<Vec<NamespaceName>>,
    /// Whether a draft is published now.
    pub publish: bool,
    /// The address of this server: links that begin with it are references.
    pub host: String,
}

impl Community {
    /// Changes a piece.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than those who may write in the name of its owner and its co-authors;
    /// [`CommunityError::BadRequest`] for texts out of bounds.
    pub async fn change_piece(
        &self,
        caller: &Caller,
        (piece, owner): (&Piece, &Namespace),
        change: &PieceChange,
    ) -> Result<Piece, CommunityError> {
        let user = self.require_writer(caller, piece).await?;
        let title = change.title.as_ref().map(|text| title_of(piece.kind, text)).transpose()?;
        let body = change.body.as_ref().map(|text| body_of(piece.kind, text)).transpose()?;
        let coauthors = match &change.coauthors {
            Some(names) => Some(self.coauthors(piece, names).await?),
            None => None,
        };
        let text = body.as_ref().unwrap_or(&piece.body);
        let references = self.references(caller, &change.host, text).await?;
        let before = pieces::authors(self.db(), piece.id).await?;
        let now = self.now();
        let mut tx = self.db().begin().await?;
        let mut row = pieces::lock(&mut tx, piece.id).await?.ok_or_else(|| no_such(piece.kind))?;
        let is_other = title.as_ref().is_some_and(|title| *title != row.title)
            || body.as_ref().is_some_and(|body| *body != row.body);
        row.title = title.unwrap_or(row.title);
        row.body = body.unwrap_or(row.body);
        if row.is_draft && change.publish {
            (row.is_draft, row.published, row.edited) = (false, now, None);
        } else if row.is_draft {
            row.published = now;
        } else if is_other || change.body.is_some() {
            row.edited = Some(now);
        }
        if let Some(coauthors) = coauthors {
            let fresh: Vec<_> = coauthors.iter().copied().filter(|one| !before.contains(one)).collect();
            self.require_willing(&mut tx, user.id, &fresh).await?;
            pieces::set_authors(&mut tx, row.id, &coauthors).await?;
        }
        pieces::update(&mut tx, &row).await?;
        self.wrote(&mut tx, caller, &row, &references).await?;
        let action = match row.kind {
            PieceKind::Post => "post.edit",
            PieceKind::Article => "article.edit",
        };
        self.accounts().record(&mut tx, caller.into(), Act::new(action, &row.path(&owner.name))).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes the caller's name from an article that they wrote with others.
    pub async fn leave_piece(&self, caller: &Caller, piece: &Piece) -> Result<(), CommunityError> {
        let user = poster(caller, piece.owner)?;
        let mut tx = self.db().begin().await?;
        pieces::remove_author(&mut tx, piece.id, user.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a piece with everything that was said about it.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for others than those who may write in the name of its owner, and administrators of
    /// the instance; co-authors may not.
    pub async fn delete_piece(
        &self,
        caller: &Caller,
        (piece, owner): (&Piece, &Namespace),
    ) -> Result<(), CommunityError> {
        poster(caller, piece.owner)?;
        if caller.role_in(piece.owner) < Some(OrgRole::Write) && !caller.is_instance_admin() {
            return Err(CommunityError::Forbidden(format!("only its owner deletes this {}", piece.noun())));
        }
        let mut tx = self.db().begin().await?;
        pieces::delete(&mut tx, piece.id).await?;
        let action = match piece.kind {
            PieceKind::Post => "post.delete",
            PieceKind::Article => "article.delete",
        };
        self.accounts().record(&mut tx, caller.into(), Act::new(action, &piece.path(&owner.name))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Hides a piece from everyone but those who may change it, or shows it again. For administrators of the instance.
    pub async fn hide_piece(
        &self,
        caller: &Caller,
        (piece, owner): (&Piece, &Namespace),
        on: bool,
    ) -> Result<(), CommunityError> {
        let mut tx = self.db().begin().await?;
        self.set_piece_hidden_in(&mut tx, caller, piece.id, on).await?;
        let path = piece.path(&owner.name);
        let act = Act::new(if on { "post.hide" } else { "post.show" }, &path).with(piece.noun());
        self.accounts().record(&mut tx, caller.into(), act).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The same in the transaction of a decision about it. What is gone needs no hiding.
    pub(crate) async fn set_piece_hidden_in(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        id: PieceId,
        on: bool,
    ) -> Result<(), CommunityError> {
        let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
        if !caller.is_instance_admin() {
            return Err(CommunityError::Forbidden(
                "only administrators of this Hearth hide what others publish".to_owned(),
            ));
        }
        Ok(pieces::set_hidden(tx, id, on.then_some(user.id)).await?)
    }

    /// Votes for a piece, or takes the vote back; doing so again changes nothing.
    pub async fn upvote_piece(&self, caller: &Caller, piece: &Piece, on: bool) -> Result<(), CommunityError> {
        let user = poster(caller, piece.owner)?;
        let mut tx = self.db().begin().await?;
        self.require_welcome_at(&mut tx, caller, piece, piece.author).await?;
        pieces::upvote(&mut tx, piece.id, user.id, on, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Adds a reaction to a piece or to a remark about it, or takes it back.
    pub async fn react_to_piece(
        &self,
        caller: &Caller,
        piece: &Piece,
        remark: Option<RemarkId>,
        reaction: Reaction,
        on: bool,
    ) -> Result<(), CommunityError> {
        let user = poster(caller, piece.owner)?;
        let mut tx = self.db().begin().await?;
        pieces::lock(&mut tx, piece.id).await?.ok_or_else(|| no_such(piece.kind))?;
        let partner = match remark {
            None => piece.author,
            Some(id) => {
                let row = remarks::get_in(&mut tx, piece.id, id).await?.ok_or_else(no_such_remark)?;
                if row.hidden.is_some() {
                    return Err(CommunityError::Forbidden("nobody can react to a hidden comment".to_owned()));
                }
                row.author
            }
        };
        self.require_welcome_at(&mut tx, caller, piece, partner).await?;
        remarks::react(&mut tx, (piece.id, remark), user.id, reaction, on.then(|| self.now())).await?;
        tx.commit().await?;
        Ok(())
    }
}
