//! Posts and articles: what people and organisations publish beside their repositories. Both are *pieces*: a post is short
//! and has no title, an article has one, can be a draft and can have several authors.
//!
//! A piece that is published is for everyone. A draft is for those who may change it, and what an administrator of the
//! instance has hidden is for them and the administrators. What a piece says of repositories is kept as references, which
//! are shown to each reader as far as they may know of the repository.

mod change;
mod list;
mod named;
mod notices;
mod place;
mod publish;
mod read;
mod remark;

use hub_account::{Caller, CallerUser, Namespace, NamespaceId, key_of_wire_id, wire_id};
use hub_core::{Access, NamespaceName, OrgRole, Timestamp};

use crate::discussions::HiddenReason;
use crate::store::pieces;
use crate::{Community, CommunityError};

pub use change::PieceChange;
pub use list::{PieceLine, PiecePage, PieceQuery};
pub use notices::PieceNotice;
pub(crate) use notices::PieceTold;
pub use place::PiecePlace;
pub use publish::NewPiece;
pub use read::{PieceThread, Remark};
pub(crate) use remark::RemarkHiding;

/// The key of a post or an article.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PieceId(pub(crate) i64);

impl PieceId {
    /// The 24 digits of the API.
    pub fn wire(self) -> String {
        wire_id(self.0)
    }
}

/// The key of a remark: what somebody answers to a piece or to another remark.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RemarkId(pub(crate) i64);

impl RemarkId {
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
    /// What kind of piece.
    PieceKind {
        /// Short, without a title.
        Post = "post",
        /// With a title; can be a draft, and can have several authors.
        Article = "article",
    }
}

impl PieceKind {
    /// What stands before the owner in its address.
    pub const fn root(self) -> &'static str {
        match self {
            Self::Post => "posts",
            Self::Article => "blog",
        }
    }
}

/// A post or an article.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its key.
    pub id: PieceId,
    /// Post or article.
    pub kind: PieceKind,
    /// Whose it is: a person or an organisation.
    pub owner: NamespaceId,
    /// Who wrote it first.
    pub author: NamespaceId,
    /// The end of its address.
    pub slug: String,
    /// What it is called; posts have no title.
    pub title: String,
    /// Its Markdown.
    pub body: String,
    /// Whether only those who may change it know of it.
    pub is_draft: bool,
    /// When it was published, or begun if it is a draft.
    pub published: Timestamp,
    /// When its text last changed after that.
    pub edited: Option<Timestamp>,
    /// The administrator who has hidden it.
    pub hidden_by: Option<NamespaceId>,
    /// How many remarks there are.
    pub remarks: u64,
    /// How many people voted for it.
    pub upvotes: u64,
}

/// A remark as its row holds it.
#[derive(Clone, Debug)]
pub(crate) struct RemarkRow {
    pub(crate) id: RemarkId,
    pub(crate) parent: Option<RemarkId>,
    pub(crate) author: NamespaceId,
    pub(crate) at: Timestamp,
    pub(crate) body: String,
    pub(crate) edited: Option<Timestamp>,
    pub(crate) hidden: Option<(NamespaceId, Option<HiddenReason>)>,
}

/// How many characters of a post stand for its title.
const NAME_MAX: usize = 80;

impl Piece {
    /// Where it is seen on this server, given the name of its owner.
    pub fn path(&self, owner: &NamespaceName) -> String {
        format!("/{}/{owner}/{}", self.kind.root(), self.slug)
    }

    /// Its title, or the beginning of the first line of a post that says something.
    pub fn name(&self) -> String {
        if !self.title.is_empty() {
            return self.title.clone();
        }
        let bare = |line: &str| line.trim().trim_start_matches(['#', '>', '-', '*', ' ']).to_owned();
        let line = self.body.lines().map(bare).find(|line| !line.is_empty()).unwrap_or_default();
        match line.char_indices().nth(NAME_MAX) {
            Some((end, _)) => format!("{}…", line[..end].trim_end()),
            None => line,
        }
    }

    /// Whether everyone may read it.
    pub fn is_public(&self) -> bool {
        !self.is_draft && self.hidden_by.is_none()
    }

    pub(crate) fn noun(&self) -> &'static str {
        self.kind.word()
    }
}

impl Community {
    /// The piece of an address, if the caller may read it.
    ///
    /// # Errors
    /// [`CommunityError::NotFound`] if there is none, or it is none of the caller's business.
    pub async fn piece_at(
        &self,
        caller: &Caller,
        kind: PieceKind,
        owner: &NamespaceName,
        slug: &str,
    ) -> Result<(Piece, Namespace), CommunityError> {
        let owner = match self.accounts().namespace(owner).await? {
            Some(owner) => owner,
            // Whoever bore the name of the address has another one now; what they wrote is still found by it.
            None => self.accounts().renamed(owner).await?.ok_or_else(|| no_such(kind))?,
        };
        let found = pieces::at(self.db(), kind, owner.id, slug).await?.ok_or_else(|| no_such(kind))?;
        if self.may_read(caller, &found).await? { Ok((found, owner)) } else { Err(no_such(kind)) }
    }

    pub(crate) async fn may_read(&self, caller: &Caller, piece: &Piece) -> Result<bool, CommunityError> {
        if piece.is_public() || caller.is_instance_admin() {
            return Ok(true);
        }
        Ok(caller.ceiling(piece.owner, None) >= Some(Access::Read) && self.is_writer_of(caller, piece).await?)
    }

    /// Whether the caller may change a piece by who they are; what their credential permits is another matter.
    async fn is_writer_of(&self, caller: &Caller, piece: &Piece) -> Result<bool, CommunityError> {
        let Some(user) = caller.user() else { return Ok(false) };
        if caller.role_in(piece.owner) >= Some(OrgRole::Write) {
            return Ok(true);
        }
        Ok(pieces::authors(self.db(), piece.id).await?.contains(&user.id))
    }

    /// Whether the caller may change a piece.
    pub async fn may_change_piece(&self, caller: &Caller, piece: &Piece) -> Result<bool, CommunityError> {
        Ok(caller.may_post(piece.owner) && self.is_writer_of(caller, piece).await?)
    }

    /// Refuses whoever may not change a piece.
    async fn require_writer<'a>(&self, caller: &'a Caller, piece: &Piece) -> Result<&'a CallerUser, CommunityError> {
        let user = poster(caller, piece.owner)?;
        if self.is_writer_of(caller, piece).await? {
            return Ok(user);
        }
        Err(CommunityError::Forbidden(format!(
            "only its authors change this {}: members of an organisation need the role 'write' for what is its own",
            piece.noun()
        )))
    }
}

/// Whoever speaks for themselves about posts and articles of somebody.
fn poster(caller: &Caller, owner: NamespaceId) -> Result<&CallerUser, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    if caller.may_post(owner) {
        return Ok(user);
    }
    Err(CommunityError::Forbidden(
        "this token may not write posts and articles or answer to them: use one with the role 'write' or the permission \
         post.write"
            .to_owned(),
    ))
}

fn no_such(kind: PieceKind) -> CommunityError {
    CommunityError::NotFound(format!("there is no such {}", kind.word()))
}

fn no_such_remark() -> CommunityError {
    CommunityError::NotFound("there is no such comment".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(body: &str) -> Piece {
        Piece {
            id: PieceId(1),
            kind: PieceKind::Post,
            owner: NamespaceId::new(1),
            author: NamespaceId::new(1),
            slug: "1".to_owned(),
            title: String::new(),
            body: body.to_owned(),
            is_draft: false,
            published: Timestamp::from_millis(0),
            edited: None,
            hidden_by: None,
            remarks: 0,
            upvotes: 0,
        }
    }

    #[test]
    fn a_post_is_called_by_its_first_words() {
        assert_eq!(post("\n\n## A new model\nmore").name(), "A new model");
        assert_eq!(post("").name(), "");
        assert_eq!(post(&"é".repeat(100)).name(), format!("{}…", "é".repeat(80)));
        assert_eq!(post("x").path(&"ada".parse().unwrap()), "/posts/ada/1");
    }
}
