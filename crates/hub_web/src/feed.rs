//! `/feed`: what those did whom the reader follows or watches.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{Community, FeedEvent, FeedItem, FeedPlace, People, PieceKind};
use hub_core::Timestamp;
use hub_http::{AccessClass, ApiRouter, Query, get};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::Answer;
use crate::markdown::SafeHtml;
use crate::pieces::rendered;
use crate::shell::Shell;
use crate::visit::Visit;

/// Items of a page.
const PAGE: usize = 30;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/feed").access(AccessClass::Login).undocumented().to(show))
}

/// Which page.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FeedQuery {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "feed/page.html")]
struct FeedPage {
    shell: Shell,
    lines: Vec<Line>,
    next: Option<String>,
    has_sources: bool,
}

/// Something that somebody did.
struct Line {
    icon: &'static str,
    who: String,
    did: &'static str,
    href: String,
    name: String,
    /// Where, if that is not in the name.
    place: Option<(String, String)>,
    at: Timestamp,
    /// The text of a post.
    html: SafeHtml,
}

/// `GET /feed`
async fn show(visit: Visit, State(community): State<Community>, Query(query): Query<FeedQuery>) -> Answer {
    visit.person()?;
    let after = query.after.as_deref().and_then(FeedPlace::of_cursor);
    let found = community.feed(&visit.caller, after, PAGE).await?;
    let text = |item: &FeedItem| match &item.what {
        FeedEvent::Piece(line) if line.piece.kind == PieceKind::Post => line.piece.body.clone(),
        _ => String::new(),
    };
    let texts = rendered(&visit, &community, found.items.iter().map(text).collect()).await?;
    let line = |(item, text): (&FeedItem, crate::markdown::Rendered)| {
        let line = Line::of(&visit, &found.people, item)?;
        Some(Line { html: text.html, ..line })
    };
    let view = FeedPage {
        shell: visit.shell("feed"),
        lines: found.items.iter().zip(texts).filter_map(line).collect(),
        next: found.next.map(|place| format!("/feed?after={}", escape_value(&place.cursor()))),
        has_sources: found.has_sources,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

impl Line {
    /// Nothing, if whoever did it is gone.
    fn of(visit: &Visit, people: &People, item: &FeedItem) -> Option<Self> {
        let who = people.get(item.who())?;
        let t = |key| visit.words.get(key);
        let mut place = None;
        let (icon, did, href, name) = match &item.what {
            FeedEvent::Repo(repo) => {
                (repo.addr.kind.word(), t("feed.made"), format!("/{}", repo.addr.url_path()), repo.addr.repo_id())
            }
            FeedEvent::Like(_, repo) => {
                ("heart", t("feed.likes"), format!("/{}", repo.addr.url_path()), repo.addr.repo_id())
            }
            FeedEvent::Piece(line) => {
                // The text of a post stands below.
                let (icon, did, name) = match line.piece.kind {
                    PieceKind::Post => ("talk", t("feed.posted"), t("feed.post").to_owned()),
                    PieceKind::Article => ("book", t("feed.published"), line.piece.name()),
                };
                (icon, did, line.piece.path(&who.name), name)
            }
            FeedEvent::Discussion(repo, discussion) => {
                let (icon, did) = match discussion.is_pull {
                    true => ("branch", t("feed.proposed")),
                    false => ("talk", t("feed.asked")),
                };
                let repo_path = format!("/{}", repo.addr.url_path());
                let href = format!("{repo_path}/discussions/{}", discussion.number);
                place = Some((repo_path, repo.addr.repo_id()));
                (icon, did, href, discussion.title.clone())
            }
            FeedEvent::Paper(paper, _) => {
                ("book", t("feed.submitted"), format!("/papers/{}", escape_value(paper.id.as_str())), paper.name())
            }
        };
        let html = SafeHtml::default();
        Some(Self { icon, who: who.name.to_string(), did, href, name, place, at: item.at, html })
    }
}
