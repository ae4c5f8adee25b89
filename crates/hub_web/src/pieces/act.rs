//! `POST /posts/{owner}/{slug}` and `POST /blog/{owner}/{slug}`: everything that people do about a piece, each by the
//! button of a form.

use axum::extract::State;
use axum::response::Response;
use hub_account::Namespace;
use hub_community::{Community, CommunityError, Piece, PieceChange, PieceKind, Reaction, RemarkId};
use hub_core::UserError as _;
use hub_http::{ApiRouter, JsonOrForm, Path};
use serde::Deserialize;

use super::show::{find, piece_page};
use super::{PiecePath, one_of};
use crate::WebState;
use crate::error::{Answer, sentence};
use crate::page::go_to;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(super::post(&one_of(PieceKind::Post)).to(post))
        .route(super::post(&one_of(PieceKind::Article)).to(article))
}

/// What is to be done, and to what.
#[derive(Deserialize)]
struct ActBody {
    form_token: String,
    act: String,
    #[serde(default)]
    text: String,
    /// The comment that is meant; nothing for the piece itself.
    #[serde(default)]
    comment: String,
    /// How somebody feels; a leading hyphen takes it back.
    #[serde(default)]
    reaction: String,
}

/// `POST /posts/{namespace}/{slug}`
async fn post(
    visit: Visit,
    State(community): State<Community>,
    Path(path): Path<PiecePath>,
    JsonOrForm(body): JsonOrForm<ActBody>,
) -> Answer {
    act(&visit, &community, (PieceKind::Post, &path), &body).await
}

/// `POST /blog/{namespace}/{slug}`
async fn article(
    visit: Visit,
    State(community): State<Community>,
    Path(path): Path<PiecePath>,
    JsonOrForm(body): JsonOrForm<ActBody>,
) -> Answer {
    act(&visit, &community, (PieceKind::Article, &path), &body).await
}

async fn act(visit: &Visit, community: &Community, (kind, path): (PieceKind, &PiecePath), body: &ActBody) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let (piece, owner) = find(visit, community, kind, path).await?;
    match done(visit, community, (&piece, &owner), body).await {
        Ok(response) => Ok(response),
        Err(error @ (CommunityError::Db(_) | CommunityError::Repo(_) | CommunityError::Account(_))) => {
            Err(error.into())
        }
        Err(error) => piece_page(visit, community, (&piece, &owner), Some(sentence(error.message()))).await,
    }
}

/// Does it, and leads to where it is seen.
async fn done(
    visit: &Visit,
    community: &Community,
    (piece, owner): (&Piece, &Namespace),
    body: &ActBody,
) -> Result<Response, CommunityError> {
    let caller = &visit.caller;
    let comment = || {
        let missing = || CommunityError::NotFound("there is no such comment".to_owned());
        RemarkId::of_wire(&body.comment).ok_or_else(missing)
    };
    let mut anchor = String::new();
    match body.act.as_str() {
        "comment" => anchor = community.remark(caller, piece, None, &body.text).await?.id.wire(),
        "reply" => anchor = community.remark(caller, piece, Some(comment()?), &body.text).await?.id.wire(),
        "edit-comment" => anchor = community.edit_remark(caller, piece, comment()?, &body.text).await?.id.wire(),
        "hide-comment" => anchor = community.hide_remark(caller, piece, comment()?, None).await?.id.wire(),
        "react" => {
            let (word, on) = match body.reaction.strip_prefix('-') {
                Some(word) => (word, false),
                None => (body.reaction.as_str(), true),
            };
            let unknown = || CommunityError::BadRequest("there is no such reaction".to_owned());
            let reaction = Reaction::from_word(word).ok_or_else(unknown)?;
            let remark = if body.comment.is_empty() { None } else { Some(comment()?) };
            community.react_to_piece(caller, piece, remark, reaction, on).await?;
            anchor.clone_from(&body.comment);
        }
        "upvote" | "unvote" => community.upvote_piece(caller, piece, body.act == "upvote").await?,
        "edit" => {
            let host = visit.url.as_str().to_owned();
            let change = PieceChange { body: Some(body.text.clone()), host, ..PieceChange::default() };
            community.change_piece(caller, (piece, owner), &change).await?;
        }
        "hide" | "show" => community.hide_piece(caller, (piece, owner), body.act == "hide").await?,
        "leave" => {
            community.leave_piece(caller, piece).await?;
            return Ok(go_to(&format!("/{}?done=saved", piece.kind.root())));
        }
        "delete" => {
            community.delete_piece(caller, (piece, owner)).await?;
            return Ok(go_to(&format!("/{}?done=deleted", piece.kind.root())));
        }
        _ => return Err(CommunityError::BadRequest("the form asks for nothing that can be done".to_owned())),
    }
    let anchor = if anchor.is_empty() { anchor } else { format!("#{anchor}") };
    Ok(go_to(&format!("{}{anchor}", piece.path(&owner.name))))
}
