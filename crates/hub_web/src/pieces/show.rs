//! `/posts/{owner}/{slug}` and `/blog/{owner}/{slug}`: a piece with what is said about it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Namespace, NamespaceId};
use hub_community::{Community, Piece, PieceKind, PieceThread, Reactions, Remark};
use hub_core::{Code, OrgRole, Timestamp};
use hub_http::{ApiRouter, Path};

use super::view::{RepoLink, rendered, writer_of};
use super::{PiecePath, get, one_of};
use crate::WebState;
use crate::error::{Answer, PageError};
use crate::markdown::{Rendered, SafeHtml};
use crate::reactions::FACES;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get(&one_of(PieceKind::Post)).to(post)).route(get(&one_of(PieceKind::Article)).to(article))
}

/// The word, the picture and the number of those who feel so, and whether the reader does.
type Face = (&'static str, &'static str, u64, bool);

#[derive(Template)]
#[template(path = "pieces/page.html")]
struct PiecePage {
    shell: Shell,
    here: String,
    /// `posts` or `blog`, and the rest of the address: what a report names.
    address: String,
    is_post: bool,
    title: String,
    name: String,
    owner: String,
    writer: Option<String>,
    coauthors: Vec<String>,
    at: Timestamp,
    is_edited: bool,
    is_draft: bool,
    is_hidden: bool,
    text: Rendered,
    raw: String,
    references: Vec<RepoLink>,
    faces: Vec<Face>,
    upvotes: u64,
    is_upvoted: bool,
    can_speak: bool,
    may_change: bool,
    may_delete: bool,
    may_leave: bool,
    is_mine: bool,
    is_admin: bool,
    remarks: Vec<RemarkView>,
    problem: Option<String>,
}

/// A comment.
struct RemarkView {
    id: String,
    is_answer: bool,
    author: Option<String>,
    at: Timestamp,
    is_edited: bool,
    is_hidden: bool,
    html: SafeHtml,
    raw: String,
    faces: Vec<Face>,
    can_edit: bool,
    can_hide: bool,
    can_report: bool,
}

/// `GET /posts/{namespace}/{slug}`
async fn post(visit: Visit, State(community): State<Community>, Path(path): Path<PiecePath>) -> Answer {
    let (piece, owner) = find(&visit, &community, PieceKind::Post, &path).await?;
    piece_page(&visit, &community, (&piece, &owner), None).await
}

/// `GET /blog/{namespace}/{slug}`
async fn article(visit: Visit, State(community): State<Community>, Path(path): Path<PiecePath>) -> Answer {
    let (piece, owner) = find(&visit, &community, PieceKind::Article, &path).await?;
    piece_page(&visit, &community, (&piece, &owner), None).await
}

/// The piece of an address, if the visitor may read it.
pub(super) async fn find(
    visit: &Visit,
    community: &Community,
    kind: PieceKind,
    path: &PiecePath,
) -> Result<(Piece, Namespace), PageError> {
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let owner = path.namespace.parse().map_err(|_| missing())?;
    Ok(community.piece_at(&visit.caller, kind, &owner, &path.slug).await?)
}

/// The page of a piece, perhaps with what went wrong.
pub(super) async fn piece_page(
    visit: &Visit,
    community: &Community,
    (piece, owner): (&Piece, &Namespace),
    problem: Option<String>,
) -> Answer {
    let thread = community.piece_thread(&visit.caller, piece).await?;
    let texts = [piece.body.clone()].into_iter().chain(thread.remarks.iter().map(|remark| remark.body.clone()));
    let mut texts = rendered(visit, community, texts.collect()).await?.into_iter();
    let text = texts.next().unwrap_or_default();
    let me = visit.caller.user().map(|user| user.id);
    let is_admin = visit.caller.is_instance_admin();
    let can_speak = visit.caller.may_post(piece.owner);
    let reader = Reader { thread: &thread, me, is_admin, can_speak };
    let writes = visit.caller.role_in(piece.owner) >= Some(OrgRole::Write);
    let path = piece.path(&owner.name);
    let names = thread.coauthors.iter().filter_map(|id| thread.people.get(*id));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = PiecePage {
        shell: visit.shell(piece.kind.root()),
        address: path.trim_start_matches('/').to_owned(),
        here: path,
        is_post: piece.kind == PieceKind::Post,
        title: piece.title.clone(),
        name: piece.name(),
        owner: owner.name.to_string(),
        writer: writer_of(piece, &thread.people),
        coauthors: names.map(|one| one.name.to_string()).collect(),
        at: piece.published,
        is_edited: piece.edited.is_some(),
        is_draft: piece.is_draft,
        is_hidden: piece.hidden_by.is_some(),
        text,
        raw: piece.body.clone(),
        references: thread.references.iter().map(RepoLink::of).collect(),
        faces: reader.faces(&thread.reactions),
        upvotes: piece.upvotes,
        is_upvoted: thread.is_upvoted,
        can_speak,
        may_change: thread.may_change,
        may_delete: can_speak && (writes || is_admin),
        may_leave: can_speak && me.is_some_and(|me| thread.coauthors.contains(&me)),
        is_mine: me == Some(piece.author) || writes,
        is_admin,
        remarks: thread.remarks.iter().zip(texts).map(|(remark, text)| reader.remark(remark, text)).collect(),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// Who reads the page, and what they may do.
struct Reader<'a> {
    thread: &'a PieceThread,
    me: Option<NamespaceId>,
    is_admin: bool,
    can_speak: bool,
}

impl Reader<'_> {
    fn faces(&self, reactions: &[Reactions]) -> Vec<Face> {
        let mut faces = Vec::new();
        for (reaction, face) in FACES {
            let found = reactions.iter().find(|known| known.reaction == reaction);
            let people = found.map(|known| known.people.as_slice()).unwrap_or_default();
            if self.can_speak || !people.is_empty() {
                let mine = self.me.is_some_and(|me| people.contains(&me));
                faces.push((reaction.word(), face, people.len() as u64, mine));
            }
        }
        faces
    }

    fn remark(&self, remark: &Remark, text: Rendered) -> RemarkView {
        let is_mine = self.me == Some(remark.author);
        let is_hidden = remark.hidden_by.is_some();
        RemarkView {
            id: remark.id.wire(),
            is_answer: remark.parent.is_some(),
            author: self.thread.people.get(remark.author).map(|author| author.name.to_string()),
            at: remark.at,
            is_edited: remark.edited.is_some(),
            is_hidden,
            html: text.html,
            raw: remark.body.clone(),
            faces: if is_hidden { Vec::new() } else { self.faces(&remark.reactions) },
            can_edit: is_mine && self.can_speak && !is_hidden,
            can_hide: self.can_speak && !is_hidden && (is_mine || self.thread.may_change || self.is_admin),
            can_report: self.me.is_some() && !is_mine && !is_hidden,
        }
    }
}
