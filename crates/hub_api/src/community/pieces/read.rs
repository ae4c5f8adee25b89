//! `GET /api/posts`, `GET /api/blog`, and one of either.

use axum::Json;
use axum::extract::State;
use hub_account::Accounts;
use hub_community::{Community, PieceKind, PiecePage, PiecePlace, PieceQuery};
use hub_core::{Code, NamespaceName};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, Paging, PublicUrl, Query, get};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::view::Viewer;
use super::{At, Kind, all_of, article_view, one_of, post_view};
use crate::ApiState;
use crate::community::likes::bad_cursor;
use crate::failure::Answer;

/// How many pieces a page has if nobody says, and at most.
const PAGE: usize = 20;
const PAGE_MAX: usize = 100;

pub(super) fn routes(kind: PieceKind) -> ApiRouter<ApiState> {
    let word = kind.word();
    let (all, one) = match kind {
        PieceKind::Post => ("Lists posts, the latest first", "Shows a post with the comments on it"),
        PieceKind::Article => ("Lists articles, the latest first", "Shows an article with the comments on it"),
    };
    ApiRouter::new()
        .route(
            get(all_of(kind))
                .access(AccessClass::Read)
                .tag("posts")
                .id(format!("list_{word}s"))
                .summary(all)
                .query::<ListQuery>()
                .answer::<Value>()
                .to(list),
        )
        .route(
            get(one_of(kind))
                .access(AccessClass::Read)
                .tag("posts")
                .id(format!("get_{word}"))
                .summary(one)
                .answer::<Value>()
                .to(show),
        )
}

/// Which pieces.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    /// Of this person or organisation, or written by this person.
    author: Option<String>,
    /// Whether the caller's drafts are wanted instead; posts have none.
    #[serde(default)]
    drafts: bool,
    /// 1 to 100.
    limit: Option<usize>,
    cursor: Option<String>,
}

/// `GET /api/posts` and `GET /api/blog`
async fn list(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    Kind(kind): Kind,
    Query(query): Query<ListQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Json<Value>> {
    if query.drafts {
        return Ok(Json(page_view(kind, &community.drafts(&caller).await?, &public_url, &paging)));
    }
    let of = match query.author.filter(|name| !name.is_empty()) {
        Some(name) => {
            let missing = || ApiError::new(Code::NotFound, format!("there is nobody called {name}"));
            let name: NamespaceName = name.parse().map_err(|_| missing())?;
            Some(accounts.namespace(&name).await?.ok_or_else(missing)?.id)
        }
        None => None,
    };
    let after = query.cursor.as_deref().map(|text| PiecePlace::of_cursor(text).ok_or_else(bad_cursor)).transpose()?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` goes from 1 to {PAGE_MAX}")).into());
    }
    let page = community.pieces(&caller, &PieceQuery { kind, of, after, limit }).await?;
    Ok(Json(page_view(kind, &page, &public_url, &paging)))
}

/// A page as the original hub names its parts, with the address of the next one.
fn page_view(kind: PieceKind, page: &PiecePage, public_url: &PublicUrl, paging: &Paging) -> Value {
    let viewer = Viewer { public_url, people: &page.people };
    let next = page.next.map(|place| paging.next_url(&place.cursor()));
    let lines = page.lines.iter();
    match kind {
        PieceKind::Post => {
            let posts = lines.map(|line| post_view(viewer, &line.piece, &line.references, &line.reactions));
            json!({ "socialPosts": posts.collect::<Vec<_>>(), "next": next })
        }
        PieceKind::Article => {
            let articles = lines.map(|line| article_view(viewer, &line.piece, &line.references));
            json!({ "allBlogs": articles.collect::<Vec<_>>(), "next": next })
        }
    }
}

/// `GET /api/posts/{namespace}/{slug}` and `GET /api/blog/{namespace}/{slug}`
async fn show(
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    public_url: PublicUrl,
) -> Answer<Json<Value>> {
    let (piece, _) = at.find(&community, &caller).await?;
    let thread = community.piece_thread(&caller, &piece).await?;
    let viewer = Viewer { public_url: &public_url, people: &thread.people };
    let mut view = match piece.kind {
        PieceKind::Post => post_view(viewer, &piece, &thread.references, &[]),
        PieceKind::Article => article_view(viewer, &piece, &thread.references),
    };
    viewer.add_thread(&mut view, &piece, &thread);
    Ok(Json(view))
}
