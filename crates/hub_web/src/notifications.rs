//! `/notifications`: what a person was told of discussions, to be read, marked and removed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{Community, DiscussionId, NotificationQuery, NotificationView, PieceNotice, Reason};
use hub_core::{Code, Timestamp};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::address::RepoUrls;
use crate::error::{Answer, PageError};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/notifications").access(AccessClass::Login).undocumented().to(show))
        .route(post("/notifications").access(AccessClass::Login).undocumented().to(act))
}

/// Which of them are shown, by the word in the address.
const FILTERS: [(&str, &str); 3] = [("all", "told.all"), ("unread", "told.unread"), ("mentions", "told.mentions")];

/// Which page.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    show: String,
    p: u32,
}

impl ListQuery {
    fn query(&self) -> NotificationQuery {
        NotificationQuery {
            page: self.p,
            unread: self.show == "unread",
            least: if self.show == "mentions" { Reason::Mention } else { Reason::Watching },
            ..NotificationQuery::default()
        }
    }
}

#[derive(Template)]
#[template(path = "notifications/page.html")]
struct NotificationsPage {
    shell: Shell,
    lines: Vec<Line>,
    /// Word, label, and whether it is the one in force.
    filters: Vec<(&'static str, &'static str, bool)>,
    show: String,
    unread: u64,
    /// What the reader was told of posts and articles: address, name, whose it is, why, and when.
    pieces: Vec<(String, String, String, &'static str, Timestamp)>,
    /// How many reports have news for the reader.
    reports: u64,
    newer: Option<u32>,
    older: Option<u32>,
    until: String,
}

/// A notification as it is shown.
struct Line {
    id: String,
    icon: &'static str,
    href: String,
    title: String,
    number: i64,
    repo: String,
    reason: &'static str,
    is_read: bool,
    updated: Timestamp,
    faces: Vec<String>,
}

/// `GET /notifications`
async fn show(visit: Visit, State(community): State<Community>, Query(query): Query<ListQuery>) -> Answer {
    visit.person()?;
    let page = community.notifications(&visit.caller, &query.query()).await?;
    let why = |reason: Reason| {
        visit.words.get(match reason {
            Reason::Mention => "told.mention",
            Reason::Review => "told.review",
            Reason::Participating => "told.participating",
            Reason::Watching => "told.watching",
        })
    };
    let line = |found: &NotificationView| Line {
        id: found.discussion.id.wire(),
        icon: if found.discussion.is_pull { "branch" } else { "talk" },
        href: format!(
            "{}/discussions/{}#{}",
            RepoUrls::of(&found.repo.addr).page(),
            found.discussion.number,
            found.event.wire()
        ),
        title: found.discussion.title.clone(),
        number: found.discussion.number.get(),
        repo: found.repo.addr.repo_id(),
        reason: why(found.reason),
        is_read: found.is_read,
        updated: found.updated,
        faces: found
            .participants
            .iter()
            .filter_map(|id| page.people.get(*id))
            .map(|one| one.name.to_string())
            .collect(),
    };
    let (notices, owners) = community.piece_notices(&visit.caller).await?;
    let piece = |notice: &PieceNotice| {
        let owner = owners.get(notice.piece.owner)?;
        let anchor = notice.remark.map(|remark| format!("#{}", remark.wire())).unwrap_or_default();
        let href = format!("{}{anchor}", notice.piece.path(&owner.name));
        Some((href, notice.piece.name(), owner.name.to_string(), why(notice.reason), notice.updated))
    };
    let pieces: Vec<_> = notices.iter().filter_map(piece).collect();
    let lines: Vec<Line> = page.notifications.iter().map(line).collect();
    let shown = FILTERS.iter().find(|(word, _)| *word == query.show).map_or("all", |(word, _)| *word);
    let view = NotificationsPage {
        shell: visit.shell("notifications"),
        filters: FILTERS.iter().map(|(word, label)| (*word, visit.words.get(label), *word == shown)).collect(),
        show: shown.to_owned(),
        unread: page.counts.1 + pieces.len() as u64,
        pieces,
        reports: community.unread_reports(&visit.caller).await?,
        newer: query.p.checked_sub(1),
        older: page.has_more.then(|| query.p.saturating_add(1)),
        until: visit.now.to_string(),
        lines,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

/// What is to be done with which notification.
#[derive(Deserialize)]
struct ActBody {
    form_token: String,
    act: String,
    #[serde(default)]
    discussion: String,
    #[serde(default)]
    show: String,
    /// When the page was made: what came later stays unread.
    #[serde(default)]
    until: String,
}

/// `POST /notifications`
async fn act(visit: Visit, State(community): State<Community>, JsonOrForm(body): JsonOrForm<ActBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let mut query = ListQuery { show: body.show.clone(), p: 0 }.query();
    if body.act == "read-all" {
        query.until = Timestamp::parse(&body.until);
        community.mark_piece_notices_read(&visit.caller, query.until.unwrap_or(visit.now)).await?;
        community.mark_notifications(&visit.caller, None, &query, true).await?;
    } else {
        let one = [DiscussionId::of_wire(&body.discussion).ok_or_else(missing)?];
        match body.act.as_str() {
            "read" => community.mark_notifications(&visit.caller, Some(&one), &query, true).await?,
            "unread" => community.mark_notifications(&visit.caller, Some(&one), &query, false).await?,
            "remove" => community.remove_notifications(&visit.caller, Some(&one), &query).await?,
            _ => return Err(missing()),
        };
    }
    let shown = FILTERS.iter().find(|(word, _)| *word == body.show).map_or("all", |(word, _)| *word);
    Ok(go_to(&format!("/notifications?show={shown}")))
}
