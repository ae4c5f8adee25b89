//! `/settings/notifications`: what a person wants to hear, in the page and by mail, and what they watch.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, key_of_wire_id, wire_id};
use hub_community::{Community, NotificationSetting, Watched};
use hub_core::Code;
use hub_http::{ApiRouter, JsonOrForm};
use hub_repo::Repos;
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::address::RepoUrls;
use crate::error::{Answer, PageError};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::{Visit, local_path};

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/notifications").to(show))
        .route(post("/settings/notifications").to(save))
        .route(post("/settings/watch").to(watch))
}

#[derive(Template)]
#[template(path = "settings/notifications/page.html")]
struct SettingsPage {
    shell: Shell,
    /// What the event is called, the words of both switches, and whether they are on.
    kinds: Vec<Kind>,
    has_mail: bool,
    watched: Vec<WatchedLine>,
}

/// A kind of event with its two switches.
struct Kind {
    label: &'static str,
    in_page: (&'static str, bool),
    by_mail: (&'static str, bool),
}

/// Something that is watched.
struct WatchedLine {
    word: &'static str,
    id: String,
    icon: &'static str,
    name: String,
    href: String,
}

const KINDS: [(&str, NotificationSetting, NotificationSetting); 2] = [
    ("told.set.participating", NotificationSetting::WebParticipating, NotificationSetting::MailParticipating),
    ("told.set.watched", NotificationSetting::WebWatched, NotificationSetting::MailWatched),
];

/// `GET /settings/notifications`
async fn show(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
) -> Answer {
    visit.person()?;
    let settings = community.notification_settings(&visit.caller).await?;
    let state = |wanted: NotificationSetting| {
        (wanted.word(), settings.iter().any(|(setting, is_on)| *setting == wanted && *is_on))
    };
    let kinds = KINDS.map(|(label, in_page, by_mail)| Kind {
        label: visit.words.get(label),
        in_page: state(in_page),
        by_mail: state(by_mail),
    });
    let mut watched = Vec::new();
    for what in community.watched(&visit.caller).await? {
        let (icon, name, href) = match what {
            Watched::Repo(id) => {
                let Some(repo) = repos.state_of(id).await? else { continue };
                (repo.addr.kind.word(), repo.addr.repo_id(), RepoUrls::of(&repo.addr).page().to_owned())
            }
            Watched::User(id) | Watched::Org(id) => {
                let Some(found) = accounts.namespace_by_id(id).await? else { continue };
                let icon = if matches!(what, Watched::User(_)) { "person" } else { "people" };
                (icon, found.name.to_string(), format!("/{}", found.name))
            }
        };
        watched.push(WatchedLine { word: what.word(), id: wire_id(what.key()), icon, name, href });
    }
    let has_mail = accounts.mail().is_on();
    let view = SettingsPage { shell: visit.shell("told"), kinds: kinds.into(), has_mail, watched };
    Ok(visit.page(StatusCode::OK, &view))
}

/// The switches that are on; browsers leave out the others.
#[derive(Deserialize)]
struct SaveBody {
    form_token: String,
    #[serde(default)]
    on: Vec<String>,
}

/// `POST /settings/notifications`
async fn save(visit: Visit, State(community): State<Community>, JsonOrForm(body): JsonOrForm<SaveBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let changes: Vec<(NotificationSetting, bool)> = NotificationSetting::ALL
        .iter()
        .map(|setting| (*setting, body.on.iter().any(|word| word == setting.word())))
        .collect();
    community.set_notifications(&visit.caller, &changes).await?;
    Ok(go_to("/settings/notifications?done=saved"))
}

/// What one begins or ends to watch, and the page to come back to.
#[derive(Deserialize)]
struct WatchBody {
    form_token: String,
    kind: String,
    id: String,
    on: bool,
    #[serde(default)]
    next: String,
}

/// `POST /settings/watch`
async fn watch(visit: Visit, State(community): State<Community>, JsonOrForm(body): JsonOrForm<WatchBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let key = key_of_wire_id(&body.id).ok_or_else(missing)?;
    let what = [Watched::from_parts(&body.kind, key).ok_or_else(missing)?];
    match body.on {
        true => community.change_watches(&visit.caller, &what, &[]).await?,
        false => community.change_watches(&visit.caller, &[], &what).await?,
    }
    Ok(go_to(match body.next.as_str() {
        "" => "/settings/notifications?done=saved",
        next => local_path(next),
    }))
}
