//! A post or an article is written: within its bounds, with its references, under an address of its own.

use hub_account::{Act, Caller, Namespace, NamespaceId, NamespaceKind};
use hub_core::{NamespaceName, OrgRole};
use hub_db::Tx;
use hub_repo::RepoId;
use serde_json::json;

use super::{Piece, PieceId, PieceKind, poster};
use crate::store::{blocks, pieces};
use crate::{Community, CommunityError};

/// The most characters of a post.
const POST_MAX: usize = 5_000;
/// The most bytes of an article.
const ARTICLE_MAX: usize = 200_000;
/// The bounds of a title in characters.
const TITLE_MIN: usize = 3;
const TITLE_MAX: usize = 200;
/// The most people who write an article with somebody.
const AUTHORS_MAX: usize = 10;
/// The most characters of the words in an address.
const SLUG_MAX: usize = 80;
/// How many addresses are tried before the key makes one.
const SLUGS_TRIED: u32 = 20;
/// The most pieces that one person writes in a day.
const WRITTEN_A_DAY: i64 = 100;
const DAY_MILLIS: i64 = 86_400_000;

/// The event by which people learn that a piece was published.
pub(super) const PUBLISHED: &str = "piece.published";

/// What is asked of a new piece.
#[derive(Clone, Debug)]
pub struct NewPiece {
    /// Post or article.
    pub kind: PieceKind,
    /// What it is called; nothing for a post.
    pub title: String,
    /// Its Markdown.
    pub body: String,
    /// Whether it is kept back for now; posts are not.
    pub is_draft: bool,
    /// Who writes an article with the caller.
    pub coauthors: Vec<NamespaceName>,
    /// The address of this server: links that begin with it are references.
    pub host: String,
}

impl Community {
    /// Writes a post or an article of a person or an organisation.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] for whoever may not write in its name; [`CommunityError::BadRequest`] for texts out of
    /// bounds; [`CommunityError::Conflict`] beyond what one person writes in a day.
    pub async fn write_piece(
        &self,
        caller: &Caller,
        owner: &Namespace,
        new: &NewPiece,
    ) -> Result<Piece, CommunityError> {
        let user = poster(caller, owner.id)?;
        if caller.role_in(owner.id) < Some(OrgRole::Write) {
            return Err(CommunityError::Forbidden(format!(
                "only members of {} with the role 'write' publish in its name",
                owner.name
            )));
        }
        let now = self.now();
        let id = PieceId(self.next_key());
        let mut piece = Piece {
            id,
            kind: new.kind,
            owner: owner.id,
            author: user.id,
            slug: id.0.to_string(),
            title: title_of(new.kind, &new.title)?,
            body: body_of(new.kind, &new.body)?,
            is_draft: new.is_draft && new.kind == PieceKind::Article,
            published: now,
            edited: None,
            hidden_by: None,
            remarks: 0,
            upvotes: 0,
        };
        let since = now.plus_millis(-DAY_MILLIS);
        if pieces::count_written(self.db(), user.id, since).await? >= WRITTEN_A_DAY {
            return Err(CommunityError::Conflict(format!(
                "one person writes at most {WRITTEN_A_DAY} posts and articles a day"
            )));
        }
        let coauthors = self.coauthors(&piece, &new.coauthors).await?;
        let references = self.references(caller, &new.host, &piece.body).await?;
        let mut tx = self.db().begin().await?;
        self.require_willing(&mut tx, user.id, &coauthors).await?;
        insert(&mut tx, &mut piece).await?;
        pieces::set_authors(&mut tx, id, &coauthors).await?;
        self.wrote(&mut tx, caller, &piece, &references).await?;
        let action = match piece.kind {
            PieceKind::Post => "post.create",
            PieceKind::Article => "article.create",
        };
        self.accounts().record(&mut tx, caller.into(), Act::new(action, &piece.path(&owner.name))).await?;
        tx.commit().await?;
        Ok(piece)
    }

    /// Keeps what a text refers to, and lets people know of it if it is published by this very change.
    pub(super) async fn wrote(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        piece: &Piece,
        references: &[RepoId],
    ) -> Result<(), CommunityError> {
        pieces::set_references(tx, piece.id, references).await?;
        let is_news = !piece.is_draft && piece.edited.is_none();
        if is_news {
            let by = caller.user().map(|user| user.id.key());
            let payload = json!({ "piece": piece.id.0, "remark": 0, "by": by });
            self.note(tx, PUBLISHED, &format!("piece:{}", piece.id.0), payload).await?;
        }
        Ok(())
    }

    /// The people of these names, without the author and the owner.
    pub(super) async fn coauthors(
        &self,
        piece: &Piece,
        names: &[NamespaceName],
    ) -> Result<Vec<NamespaceId>, CommunityError> {
        if !names.is_empty() && piece.kind == PieceKind::Post {
            return Err(CommunityError::BadRequest("a post has one author: write an article together".to_owned()));
        }
        if names.len() > AUTHORS_MAX {
            return Err(CommunityError::BadRequest(format!("an article has at most {AUTHORS_MAX} co-authors")));
        }
        let mut found = Vec::new();
        for name in names {
            let person = self.accounts().namespace(name).await?.filter(|one| one.kind == NamespaceKind::User);
            let person = person.ok_or_else(|| CommunityError::NotFound(format!("there is no user called {name}")))?;
            if person.id != piece.author && person.id != piece.owner && !found.contains(&person.id) {
                found.push(person.id);
            }
        }
        Ok(found)
    }

    /// Nobody puts the name of somebody who has blocked them under a text.
    pub(super) async fn require_willing(
        &self,
        tx: &mut Tx,
        who: NamespaceId,
        coauthors: &[NamespaceId],
    ) -> Result<(), CommunityError> {
        for person in coauthors {
            if blocks::exists(tx, [*person, *person], who).await? {
                return Err(CommunityError::Forbidden("one of the co-authors has blocked you".to_owned()));
            }
        }
        Ok(())
    }
}

/// Writes the row under the first address that is free: the words of the title, with a number if need be.
async fn insert(tx: &mut Tx, piece: &mut Piece) -> Result<(), CommunityError> {
    let words = slug_of(&piece.title);
    let key = piece.slug.clone();
    for number in 1..=SLUGS_TRIED {
        if words.is_empty() {
            break;
        }
        piece.slug = if number == 1 { words.clone() } else { format!("{words}-{number}") };
        if pieces::insert(tx, piece).await? {
            return Ok(());
        }
    }
    piece.slug = if words.is_empty() { key } else { format!("{words}-{key}") };
    if pieces::insert(tx, piece).await? {
        return Ok(());
    }
    Err(CommunityError::Conflict("the address of this article is taken: give it another title".to_owned()))
}

/// The words of a title as an address has them.
fn slug_of(title: &str) -> String {
    let mut slug = String::new();
    for word in title.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let more = usize::from(!slug.is_empty()) + word.len();
        if slug.len() + more > SLUG_MAX {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    // `new` is the address of the form.
    if slug == "new" { String::new() } else { slug }
}

/// A title on one line; nothing for a post.
pub(super) fn title_of(kind: PieceKind, text: &str) -> Result<String, CommunityError> {
    let title = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = title.chars().count();
    match kind {
        PieceKind::Post if length > 0 => {
            Err(CommunityError::BadRequest("a post has no title: write an article".to_owned()))
        }
        PieceKind::Post => Ok(title),
        PieceKind::Article if !(TITLE_MIN..=TITLE_MAX).contains(&length) || title.chars().any(char::is_control) => {
            Err(CommunityError::BadRequest(format!(
                "a title has {TITLE_MIN} to {TITLE_MAX} characters, this one has {length}"
            )))
        }
        PieceKind::Article => Ok(title),
    }
}

/// A text within its bounds.
pub(super) fn body_of(kind: PieceKind, text: &str) -> Result<String, CommunityError> {
    if text.trim().is_empty() {
        return Err(CommunityError::BadRequest(format!("the {} is empty: write something", kind.word())));
    }
    if text.contains('\0') {
        return Err(CommunityError::BadRequest("the text may hold no NUL character".to_owned()));
    }
    match kind {
        // Bytes are at least characters, so most texts need no counting.
        PieceKind::Post if text.len() > POST_MAX && text.chars().count() > POST_MAX => Err(CommunityError::BadRequest(
            format!("a post has at most {POST_MAX} characters: shorten it, or write an article"),
        )),
        PieceKind::Article if text.len() > ARTICLE_MAX => {
            Err(CommunityError::BadRequest(format!("an article has at most {ARTICLE_MAX} bytes: shorten it")))
        }
        PieceKind::Post | PieceKind::Article => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_from_titles() {
        assert_eq!(slug_of("A new model, and why!"), "a-new-model-and-why");
        assert_eq!(slug_of("模型"), "");
        assert_eq!(slug_of("new"), "");
        assert!(slug_of(&"word ".repeat(100)).len() <= SLUG_MAX);
        assert_eq!(slug_of(&"x".repeat(200)), "");
    }

    #[test]
    fn texts_have_bounds() {
        let (post, article) = (PieceKind::Post, PieceKind::Article);
        assert!(title_of(post, "x").is_err() && title_of(post, " ").unwrap().is_empty());
        assert_eq!(title_of(article, " One \n two ").unwrap(), "One two");
        for bad in ["", "ab", "a\0bc", &"x".repeat(201)] {
            assert!(title_of(article, bad).is_err(), "{bad:?}");
        }
        for kind in [post, article] {
            assert!(body_of(kind, " \n").is_err() && body_of(kind, "a\0").is_err());
        }
        assert!(body_of(post, &"é".repeat(POST_MAX)).is_ok() && body_of(post, &"é".repeat(POST_MAX + 1)).is_err());
        assert!(
            body_of(article, &"x".repeat(ARTICLE_MAX)).is_ok()
                && body_of(article, &"x".repeat(ARTICLE_MAX + 1)).is_err()
        );
    }
}
