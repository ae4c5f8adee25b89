//! A post or an article as lists show it, and the rendering of what people write in them.

use hub_account::NamespaceId;
use hub_community::{Community, People, Piece, PieceKind, PiecePage, PieceQuery};
use hub_core::{Code, NamespaceName, Timestamp};
use hub_repo::RepoState;

use super::PageQuery;
use crate::address::escape_value;
use crate::error::PageError;
use crate::markdown::{self, Place, Rendered, SafeHtml};
use crate::reactions::face;
use crate::visit::Visit;

/// Pieces of a page.
pub(super) const PAGE: usize = 20;

/// A piece in a list.
pub(crate) struct PieceView {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    /// Who wrote it, where that is somebody else than whose it is.
    pub(crate) writer: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) is_edited: bool,
    pub(crate) is_draft: bool,
    /// The text of a post; articles show theirs on their page alone.
    pub(crate) html: SafeHtml,
    pub(crate) references: Vec<RepoLink>,
    /// Picture and number.
    pub(crate) reactions: Vec<(&'static str, u64)>,
    pub(crate) remarks: u64,
    pub(crate) upvotes: u64,
}

/// A repository that a piece names.
pub(crate) struct RepoLink {
    pub(crate) icon: &'static str,
    pub(crate) name: String,
    pub(crate) href: String,
}

impl RepoLink {
    pub(super) fn of(repo: &RepoState) -> Self {
        Self { icon: repo.addr.kind.word(), name: repo.addr.repo_id(), href: format!("/{}", repo.addr.url_path()) }
    }
}

impl PieceView {
    /// Pieces of a page with their texts, if they are posts. Those whose owners are gone are left out.
    pub(crate) async fn all_of(visit: &Visit, community: &Community, page: &PiecePage) -> Result<Vec<Self>, PageError> {
        let text = |piece: &Piece| match piece.kind {
            PieceKind::Post => piece.body.clone(),
            PieceKind::Article => String::new(),
        };
        let texts = rendered(visit, community, page.lines.iter().map(|line| text(&line.piece)).collect()).await?;
        let view = |(line, text): (&hub_community::PieceLine, Rendered)| {
            let piece = &line.piece;
            let owner = page.people.get(piece.owner)?;
            Some(Self {
                href: piece.path(&owner.name),
                name: piece.name(),
                owner: owner.name.to_string(),
                writer: writer_of(piece, &page.people),
                at: piece.published,
                is_edited: piece.edited.is_some(),
                is_draft: piece.is_draft,
                html: text.html,
                references: line.references.iter().map(RepoLink::of).collect(),
                reactions: line.reactions.iter().map(|(reaction, count)| (face(*reaction), *count)).collect(),
                remarks: piece.remarks,
                upvotes: piece.upvotes,
            })
        };
        Ok(page.lines.iter().zip(texts).filter_map(view).collect())
    }
}

pub(super) fn writer_of(piece: &Piece, people: &People) -> Option<String> {
    people.get(piece.author).filter(|author| author.id != piece.owner).map(|author| author.name.to_string())
}

/// Texts as HTML, with links to whom they mention; away from the threads that serve requests.
pub(crate) async fn rendered(
    visit: &Visit,
    community: &Community,
    texts: Vec<String>,
) -> Result<Vec<Rendered>, PageError> {
    let known = community.mentioned(texts.iter().map(String::as_str)).await?;
    // Pictures and links of this very server are known by their paths.
    let here = format!("({}/", visit.url.as_str());
    let render = move || -> Vec<Rendered> {
        let place = Place::nowhere();
        let one = |text: &String| {
            let made = markdown::render(&text.replace(&here, "(/"), &place);
            Rendered { html: made.html.with_mentions(&known), headings: made.headings }
        };
        texts.iter().map(one).collect()
    };
    let made = tokio::task::spawn_blocking(render).await;
    made.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))
}

/// A page of a list, with its author by name and the address of the next page.
pub(super) async fn page_of(
    visit: &Visit,
    community: &Community,
    accounts: &hub_account::Accounts,
    kind: PieceKind,
    query: &PageQuery,
) -> Result<(PiecePage, Option<String>, Option<String>), PageError> {
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let mut of: Option<(NamespaceId, String)> = None;
    if let Some(author) = query.author.as_deref().filter(|name| !name.is_empty()) {
        let name: NamespaceName = author.parse().map_err(|_| missing())?;
        let found = accounts.namespace(&name).await?.ok_or_else(missing)?;
        of = Some((found.id, found.name.to_string()));
    }
    let after = query.after.as_deref().and_then(hub_community::PiecePlace::of_cursor);
    let wanted = PieceQuery { kind, of: of.as_ref().map(|(id, _)| *id), after, limit: PAGE };
    let page = community.pieces(&visit.caller, &wanted).await?;
    let author = of.map(|(_, name)| name);
    let next = page.next.map(|place| {
        let of = author.as_ref().map(|name| format!("author={}&", escape_value(name))).unwrap_or_default();
        format!("/{}?{of}after={}", kind.root(), place.cursor())
    });
    Ok((page, author, next))
}
