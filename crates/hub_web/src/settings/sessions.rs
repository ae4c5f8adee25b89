//! `/settings/sessions`: the browsers in which a person is signed in, each to be ended from here.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, Credential, Session, SessionId};
use hub_core::{Code, Timestamp};
use hub_http::{ApiRouter, JsonOrForm};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError};
use crate::login::TokenBody;
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/sessions").to(show))
        .route(post("/settings/sessions/end").to(end))
        .route(post("/settings/sessions/end-others").to(end_others))
}

#[derive(Template)]
#[template(path = "settings/sessions/page.html")]
struct SessionsPage {
    shell: Shell,
    sessions: Vec<SessionLine>,
    has_others: bool,
}

/// A session in the list.
struct SessionLine {
    id: String,
    browser: String,
    client: String,
    is_this: bool,
    began: Timestamp,
    seen: Timestamp,
}

/// `GET /settings/sessions`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    let person = visit.person()?;
    let this = match &person.credential {
        Credential::Session(session) => Some(session.id),
        Credential::Password | Credential::Token(_) | Credential::LargeFiles(_) => None,
    };
    let line = |session: Session| SessionLine {
        id: session.id.to_string(),
        browser: browser(&session.client).unwrap_or_else(|| visit.words.get("sessions.unknown").to_owned()),
        is_this: Some(session.id) == this,
        client: session.client,
        began: session.created_at,
        seen: session.seen_at,
    };
    let sessions: Vec<SessionLine> = accounts.sessions(visit.by(), person.id).await?.into_iter().map(line).collect();
    let has_others = sessions.iter().any(|session| !session.is_this);
    Ok(visit.page(StatusCode::OK, &SessionsPage { shell: visit.shell("sessions"), sessions, has_others }))
}

/// The browser and the system that a `User-Agent` names.
fn browser(client: &str) -> Option<String> {
    const BROWSERS: &[(&str, &str)] =
        &[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];
    const SYSTEMS: &[(&str, &str)] = &[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| client.contains(mark)).map(|(_, name)| *name);
    match (named(BROWSERS), named(SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} · {system}")),
        (Some(only), None) | (None, Some(only)) => Some(only.to_owned()),
        (None, None) => None,
    }
}

/// Which session.
#[derive(Deserialize)]
struct EndBody {
    form_token: String,
    id: String,
}

/// `POST /settings/sessions/end`
async fn end(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<EndBody>) -> Answer {
    visit.check(&body.form_token)?;
    let id: SessionId =
        body.id.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))?;
    accounts.end_session(visit.by(), visit.person()?.id, id).await?;
    Ok(go_to("/settings/sessions?done=session"))
}

/// `POST /settings/sessions/end-others`
async fn end_others(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<TokenBody>) -> Answer {
    visit.check(&body.form_token)?;
    accounts.end_other_sessions(visit.by(), visit.person()?.id).await?;
    Ok(go_to("/settings/sessions?done=session"))
}
