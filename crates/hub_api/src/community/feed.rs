//! `GET /api/feed`: what those did whom the caller follows or watches.

use axum::extract::State;
use hub_community::{Community, FeedEvent, FeedItem, FeedPlace, People, PieceKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Page, Paging, PublicUrl, Query, SignedIn, get};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ApiState;
use crate::community::discussions::repo_view;
use crate::community::likes::bad_cursor;
use crate::community::people::person_view;
use crate::community::pieces::{Viewer, article_view, post_view};
use crate::failure::Answer;

/// How many items a page has if nobody says, and at most.
const PAGE: usize = 30;
const PAGE_MAX: usize = 100;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get("/api/feed")
            .access(AccessClass::Login)
            .tag("posts")
            .id("get_feed")
            .summary("Lists what those did whom the caller follows or watches, the latest first")
            .query::<FeedQuery>()
            .answer::<Vec<Value>>()
            .to(feed),
    )
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct FeedQuery {
    /// 1 to 100.
    limit: Option<usize>,
    cursor: Option<String>,
}

/// `GET /api/feed`
async fn feed(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    public_url: PublicUrl,
    Query(query): Query<FeedQuery>,
    paging: Paging,
) -> Answer<Page<Value>> {
    let after = query.cursor.as_deref().map(|text| FeedPlace::of_cursor(text).ok_or_else(bad_cursor)).transpose()?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` goes from 1 to {PAGE_MAX}")).into());
    }
    let found = community.feed(&caller, after, limit).await?;
    let items = found.items.iter().map(|item| item_view(&public_url, &found.people, item)).collect();
    Ok(paging.page(items, found.next.map(FeedPlace::cursor)))
}

/// Something that somebody did: `type` says what, and which field has it.
fn item_view(public_url: &PublicUrl, people: &People, item: &FeedItem) -> Value {
    let viewer = Viewer { public_url, people };
    let mut view = match &item.what {
        FeedEvent::Repo(repo) => json!({ "type": "repo", "repo": repo_view(&repo.addr) }),
        FeedEvent::Like(_, repo) => json!({ "type": "like", "repo": repo_view(&repo.addr) }),
        FeedEvent::Piece(line) => match line.piece.kind {
            PieceKind::Post => {
                json!({ "type": "post", "post": post_view(viewer, &line.piece, &line.references, &line.reactions) })
            }
            PieceKind::Article => {
                json!({ "type": "article", "article": article_view(viewer, &line.piece, &line.references) })
            }
        },
        FeedEvent::Discussion(repo, discussion) => json!({
            "type": "discussion",
            "repo": repo_view(&repo.addr),
            "discussion": {
                "num": discussion.number.get(),
                "title": discussion.title,
                "isPullRequest": discussion.is_pull,
                "status": discussion.status.word(),
            },
        }),
        FeedEvent::Paper(paper, _) => {
            json!({ "type": "paper", "paper": { "id": paper.id.as_str(), "title": paper.name() } })
        }
    };
    view["createdAt"] = item.at.to_string().into();
    if let Some(who) = people.get(item.who()) {
        view["actor"] = person_view(public_url, who);
    }
    view
}
