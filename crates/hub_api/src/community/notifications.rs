//! `/api/notifications` and the settings by which people choose what they are told.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, NamespaceId, key_of_wire_id};
use hub_community::{
    Community, DiscussionId, NotificationQuery, NotificationSetting, NotificationView, People, Reason, Watched,
};
use hub_core::{Code, NamespaceName, RepoKind, Timestamp};
use hub_http::{
    AccessClass, ApiError, ApiRouter, Caller, JsonBody, PublicUrl, Query, WholeBody, delete, get, patch, post,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ApiState;
use crate::community::collections::repo_addr;
use crate::community::discussions::done;
use crate::failure::Answer;

const ALL: &str = "/api/notifications";
const SETTINGS: &str = "/api/settings/notifications";
const WATCH: &str = "/api/settings/watch";
/// The most things that one request begins or ends to watch.
const WATCHES_MAX: usize = 100;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let draft = |draft: hub_http::RouteDraft, id: &'static str, summary: &'static str| {
        draft.access(AccessClass::Login).tag("notifications").id(id).summary(summary)
    };
    ApiRouter::new()
        .route(
            draft(get(ALL), "list_notifications", "Lists what one was told of discussions, the latest first")
                .query::<ListQuery>()
                .answer::<Value>()
                .to(list),
        )
        .route(
            draft(delete(ALL), "delete_notifications", "Removes notifications")
                .query::<ListQuery>()
                .body::<ChosenBody>()
                .answer::<Value>()
                .to(remove),
        )
        .route(
            draft(post(format!("{ALL}/mark-as-read")), "mark_notifications", "Marks notifications as read or unread")
                .query::<ListQuery>()
                .body::<ChosenBody>()
                .answer::<Value>()
                .to(mark),
        )
        .route(
            draft(get(SETTINGS), "get_notification_settings", "Shows what one is told, in the page and by mail")
                .answer::<SettingsView>()
                .to(settings),
        )
        .route(
            draft(patch(SETTINGS), "change_notification_settings", "Switches kinds of notifications on and off")
                .body::<SettingsBody>()
                .answer::<SettingsView>()
                .to(change_settings),
        )
        .route(draft(get(WATCH), "list_watched", "Lists what one watches").answer::<Vec<WatchedView>>().to(watched))
        .route(
            draft(patch(WATCH), "change_watched", "Begins and ends to watch repositories, people and organisations")
                .body::<WatchBody>()
                .answer::<Value>()
                .to(change_watched),
        )
}

/// Which notifications.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct ListQuery {
    /// The page, counted from 0.
    p: u32,
    /// `all` or `unread`.
    read_status: Option<String>,
    repo_type: Option<String>,
    repo_name: Option<String>,
    /// `all`, `participating` or `mentions`.
    mention: Option<String>,
    /// Only those up to this moment.
    last_update: Option<String>,
    /// Whether a change counts for all that fit, instead of those that the body names.
    apply_to_all: Option<String>,
}

/// One of some words, or the first of them if nothing was said.
fn word<T: Copy>(name: &str, text: Option<&str>, words: &[(&str, T)]) -> Answer<T> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(words[0].1) };
    let found = words.iter().find(|(word, _)| *word == text);
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    Ok(found
        .map(|(_, value)| *value)
        .ok_or_else(|| ApiError::bad_request(format!("`{name}` is one of {}", known())))?)
}

impl ListQuery {
    /// What the engine is asked; `None` if it names a repository that fits nothing.
    async fn resolve(&self, community: &Community, caller: &hub_account::Caller) -> Answer<Option<NotificationQuery>> {
        let reasons =
            [("all", Reason::Watching), ("participating", Reason::Participating), ("mentions", Reason::Mention)];
        let bad_moment = || ApiError::bad_request("`lastUpdate` is a moment such as 2026-01-31T12:00:00.000Z");
        let mut query = NotificationQuery {
            page: self.p,
            unread: word("readStatus", self.read_status.as_deref(), &[("all", false), ("unread", true)])?,
            least: word("mention", self.mention.as_deref(), &reasons)?,
            repo: None,
            until: None,
        };
        if let Some(text) = &self.last_update {
            query.until = Some(Timestamp::parse(text).ok_or_else(bad_moment)?);
        }
        if let Some(name) = &self.repo_name {
            let kinds: Vec<(&str, RepoKind)> = RepoKind::ALL.into_iter().map(|kind| (kind.word(), kind)).collect();
            let kind = word("repoType", self.repo_type.as_deref().or(Some("model")), &kinds)?;
            let repo = match repo_addr(kind, name) {
                Some(addr) => community.repo_for_notifications(caller, &addr).await?,
                None => None,
            };
            let Some(repo) = repo else { return Ok(None) };
            query.repo = Some(repo);
        }
        Ok(Some(query))
    }

    fn applies_to_all(&self) -> bool {
        self.apply_to_all.as_deref().is_some_and(|text| !matches!(text, "" | "0" | "false"))
    }
}

/// `GET /api/notifications`
async fn list(
    State(community): State<Community>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
    public_url: PublicUrl,
) -> Answer<Json<Value>> {
    let Some(query) = query.resolve(&community, &caller).await? else {
        let unread = community.unread_notifications(&caller).await?;
        return Ok(Json(json!({
            "notifications": [], "count": { "view": 0, "unread": unread, "all": unread }, "start": 0,
        })));
    };
    let page = community.notifications(&caller, &query).await?;
    let (view, unread, all) = page.counts;
    let views: Vec<Value> =
        page.notifications.iter().map(|found| notification_view(&public_url, found, &page.people)).collect();
    Ok(Json(json!({
        "notifications": views,
        "count": { "view": view, "unread": unread, "all": all },
        "start": page.start,
    })))
}

fn notification_view(public_url: &PublicUrl, found: &NotificationView, people: &People) -> Value {
    let face = |id: &NamespaceId| {
        let person = people.get(*id)?;
        Some(json!({
            "_id": person.id.to_string(),
            "avatar": public_url.join(&person.avatar_path()),
            "user": person.name.to_string(),
        }))
    };
    let participating: Vec<Value> = found.participants.iter().filter_map(face).collect();
    let discussion = &found.discussion;
    json!({
        "type": "repo",
        "updatedAt": found.updated.to_string(),
        "read": found.is_read,
        "reason": found.reason.word(),
        "discussionEventId": found.event.wire(),
        "repo": { "name": found.repo.addr.repo_id(), "type": found.repo.addr.kind.word() },
        "discussion": {
            "num": discussion.number.get(),
            "title": discussion.title,
            "status": discussion.status.word(),
            "id": discussion.id.wire(),
            "isPullRequest": discussion.is_pull,
            "participating": participating,
        },
    })
}

/// Which discussions are meant, and whether they shall count as read.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct ChosenBody {
    discussion_ids: Vec<String>,
    read: bool,
}

impl Default for ChosenBody {
    fn default() -> Self {
        Self { discussion_ids: Vec::new(), read: true }
    }
}

impl ChosenBody {
    /// Those that were named and can be ids; others are of nobody.
    fn discussions(&self) -> Vec<DiscussionId> {
        self.discussion_ids.iter().filter_map(|text| DiscussionId::of_wire(text)).collect()
    }
}

/// A body that may be left out.
fn optional<T: DeserializeOwned + Default>(body: &[u8]) -> Answer<T> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    let read = serde_json::from_slice(body);
    Ok(read.map_err(|error| ApiError::bad_request(format!("the body is not what is expected: {error}")))?)
}

/// `DELETE /api/notifications`
async fn remove(
    State(community): State<Community>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
    WholeBody(body): WholeBody,
) -> Answer<Json<Value>> {
    let body: ChosenBody = optional(&body)?;
    if let Some(wanted) = query.resolve(&community, &caller).await? {
        let chosen = body.discussions();
        let chosen = (!query.applies_to_all()).then_some(chosen.as_slice());
        community.remove_notifications(&caller, chosen, &wanted).await?;
    }
    Ok(done())
}

/// `POST /api/notifications/mark-as-read`
async fn mark(
    State(community): State<Community>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
    WholeBody(body): WholeBody,
) -> Answer<Json<Value>> {
    let body: ChosenBody = optional(&body)?;
    if let Some(wanted) = query.resolve(&community, &caller).await? {
        let chosen = body.discussions();
        let chosen = (!query.applies_to_all()).then_some(chosen.as_slice());
        community.mark_notifications(&caller, chosen, &wanted, body.read).await?;
    }
    Ok(done())
}

/// What one is told.
#[derive(Serialize, JsonSchema)]
struct SettingsView {
    /// Each kind with whether it is on.
    notifications: Map<String, Value>,
}

async fn settings_view(community: &Community, caller: &hub_account::Caller) -> Answer<Json<SettingsView>> {
    let found = community.notification_settings(caller).await?;
    let notifications = found.into_iter().map(|(setting, on)| (setting.word().to_owned(), on.into())).collect();
    Ok(Json(SettingsView { notifications }))
}

/// `GET /api/settings/notifications`
async fn settings(State(community): State<Community>, Caller(caller): Caller) -> Answer<Json<SettingsView>> {
    settings_view(&community, &caller).await
}

/// What shall change. Kinds of which Hearth tells nobody are passed over.
#[derive(Deserialize, JsonSchema)]
struct SettingsBody {
    notifications: Map<String, Value>,
}

/// `PATCH /api/settings/notifications`
async fn change_settings(
    State(community): State<Community>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<SettingsBody>,
) -> Answer<Json<SettingsView>> {
    let mut changes = Vec::new();
    for (name, value) in &body.notifications {
        let Some(setting) = NotificationSetting::from_word(name) else { continue };
        let on = value.as_bool().ok_or_else(|| ApiError::bad_request(format!("`{name}` is true or false")))?;
        changes.push((setting, on));
    }
    community.set_notifications(&caller, &changes).await?;
    settings_view(&community, &caller).await
}

/// Something that is watched.
#[derive(Serialize, JsonSchema)]
struct WatchedView {
    id: String,
    /// `repo`, `user`, `org`.
    r#type: &'static str,
}

/// `GET /api/settings/watch`
async fn watched(State(community): State<Community>, Caller(caller): Caller) -> Answer<Json<Vec<WatchedView>>> {
    let found = community.watched(&caller).await?;
    let view = |what: Watched| WatchedView { id: hub_account::wire_id(what.key()), r#type: what.word() };
    Ok(Json(found.into_iter().map(view).collect()))
}

/// What one begins and ends to watch.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct WatchBody {
    add: Vec<WatchedBody>,
    delete: Vec<WatchedBody>,
}

/// A thing to watch: by its id; people and organisations by their name as well.
#[derive(Deserialize, JsonSchema)]
struct WatchedBody {
    id: String,
    /// `repo`, `user`, `org`.
    r#type: String,
}

impl WatchedBody {
    async fn parse(&self, accounts: &Accounts) -> Answer<Watched> {
        let missing = || ApiError::new(Code::NotFound, format!("there is no {} {} to watch", self.r#type, self.id));
        let unknown = || ApiError::bad_request("`type` is one of repo, user, org");
        let key = match (self.r#type.as_str(), key_of_wire_id(&self.id)) {
            (_, Some(key)) => key,
            ("user" | "org", None) => {
                let name: NamespaceName = self.id.parse().map_err(|_| missing())?;
                accounts.namespace(&name).await?.ok_or_else(missing)?.id.key()
            }
            ("repo", None) => return Err(missing().into()),
            _ => return Err(unknown().into()),
        };
        Ok(Watched::from_parts(&self.r#type, key).ok_or_else(unknown)?)
    }
}

/// `PATCH /api/settings/watch`
async fn change_watched(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<WatchBody>,
) -> Answer<Json<Value>> {
    if body.add.len() + body.delete.len() > WATCHES_MAX {
        return Err(ApiError::bad_request(format!("one request changes at most {WATCHES_MAX} things")).into());
    }
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for (from, to) in [(&body.add, &mut add), (&body.delete, &mut remove)] {
        for one in from {
            to.push(one.parse(&accounts).await?);
        }
    }
    community.change_watches(&caller, &add, &remove).await?;
    Ok(done())
}
