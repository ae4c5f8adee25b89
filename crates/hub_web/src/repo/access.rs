//! The gate of a repository: the form by which people ask for access, and the list in which its owners decide. Beside it
//! the button by which people like a repository.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{Accounts, NamespaceId};
use hub_community::Community;
use hub_core::{Access, CommitId, Timestamp, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm};
use hub_repo::{Attention, Facts, GateAnswer, Gating, Repo, RepoError, Repos, RequestId, RequestStatus, Whose};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Opened, RepoHead, for_each_kind, get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// How many requests of each state the page shows.
const SHOWN: usize = 200;
/// The most fields of a form.
const FIELDS_MAX: usize = 50;

pub(super) fn routes() -> ApiRouter<WebState> {
    let router = for_each_kind(ApiRouter::new(), "/access", |path| get(AccessClass::Write, path).to(show));
    let router = for_each_kind(router, "/access", |path| post(AccessClass::Propose, path).to(ask));
    let router = for_each_kind(router, "/access/decide", |path| post(AccessClass::Write, path).to(decide));
    for_each_kind(router, "/like", |path| post(AccessClass::Propose, path).to(like))
}

/// The closed gate, as someone sees it who is not let in.
pub(super) struct Gate {
    /// What became of their request: `pending`, `rejected`, or nothing.
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) prompt: Option<String>,
    pub(super) is_auto: bool,
    pub(super) fields: Vec<Field>,
}

/// A field of the form.
pub(super) struct Field {
    pub(super) name: String,
    /// `text`, `checkbox`, `date` or `select`.
    pub(super) kind: &'static str,
    pub(super) options: Vec<String>,
}

impl Gate {
    pub(super) async fn of(repo: &Repo, facts: &Facts) -> Result<Self, PageError> {
        let request = repo.own_request().await?;
        let card = facts.card_data.as_ref();
        let fields = card.and_then(|card| card.get("extra_gated_fields")).and_then(Value::as_object);
        Ok(Self {
            status: request.as_ref().map_or("", |request| request.status.word()),
            reason: request.and_then(|request| request.reason),
            prompt: facts.card_text("extra_gated_prompt").map(str::to_owned),
            is_auto: repo.state().gating == Gating::Auto,
            fields: fields.into_iter().flatten().take(FIELDS_MAX).map(|(name, kind)| Field::of(name, kind)).collect(),
        })
    }
}

impl Field {
    /// A field as cards write it: a word, or an object with a type and options.
    fn of(name: &str, value: &Value) -> Self {
        let word = value.as_str().or_else(|| value.get("type").and_then(Value::as_str)).unwrap_or("text");
        let option = |value: &Value| {
            let text = value.as_str().or_else(|| value.get("value").and_then(Value::as_str));
            text.map(str::to_owned)
        };
        let options = value.get("options").and_then(Value::as_array).into_iter().flatten().filter_map(option);
        Self {
            name: name.to_owned(),
            kind: match word {
                "checkbox" => "checkbox",
                "date_picker" => "date",
                "select" => "select",
                _ => "text",
            },
            options: options.take(FIELDS_MAX).collect(),
        }
    }
}

/// `POST …/access`
async fn ask(
    visit: Visit,
    State(repos): State<Repos>,
    Addr(addr): Addr,
    JsonOrForm(mut fields): JsonOrForm<Map<String, Value>>,
) -> Answer {
    let token = fields.remove("form_token").and_then(|token| token.as_str().map(str::to_owned));
    visit.check(&token.unwrap_or_default())?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let terms = match opened.repo.main_head().await? {
        Some(head) => opened.repo.facts(CommitId::new(head)).await?.terms(),
        None => String::new(),
    };
    opened.repo.ask_access(fields, &terms).await?;
    Ok(go_to(&format!("{}?done=asked", opened.head("card").urls.page())))
}

#[derive(Template)]
#[template(path = "repo/access/page.html")]
struct AccessPage {
    shell: Shell,
    head: RepoHead,
    pending: Vec<RequestView>,
    accepted: Vec<RequestView>,
    rejected: Vec<RequestView>,
    problem: Option<String>,
}

/// A request in the list.
struct RequestView {
    id: String,
    name: String,
    fields: Vec<(String, String)>,
    asked: Timestamp,
}

/// `GET …/access`
async fn show(visit: Visit, State(repos): State<Repos>, State(accounts): State<Accounts>, Addr(addr): Addr) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    access_page(&visit, &accounts, &opened, StatusCode::OK, None).await
}

async fn access_page(
    visit: &Visit,
    accounts: &Accounts,
    opened: &Opened,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let list = async |status: RequestStatus| -> Result<Vec<RequestView>, PageError> {
        let page = opened.repo.access_requests(status, None, SHOWN).await?;
        let ids: Vec<NamespaceId> = page.requests.iter().map(|request| request.user).collect();
        let people = accounts.namespaces_by_id(&ids).await?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let view = |request: hub_repo::AccessRequest| {
            let name = people.iter().find(|person| person.id == request.user)?.name.to_string();
            let fields = request.fields.iter().map(|(name, value)| (name.clone(), text(value))).collect();
            Some(RequestView { id: request.id.wire(), name, fields, asked: request.asked })
        };
        Ok(page.requests.into_iter().filter_map(view).collect())
    };
    let view = AccessPage {
        pending: list(RequestStatus::Pending).await?,
        accepted: list(RequestStatus::Accepted).await?,
        rejected: list(RequestStatus::Rejected).await?,
        shell: visit.shell(opened.repo.addr().kind.plural()),
        head: opened.head("access"),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// A decision, or somebody to let in.
#[derive(Deserialize)]
struct DecideBody {
    form_token: String,
    /// `accepted`, `rejected`, `pending`, or `grant`.
    status: String,
    #[serde(default)]
    request: String,
    #[serde(default)]
    user: String,
}

/// `POST …/access/decide`
async fn decide(
    visit: Visit,
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<DecideBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Write).await?;
    match decided(&accounts, &opened.repo, &body).await {
        Ok(()) => Ok(go_to(&format!("{}/access?done=saved", opened.head("access").urls.page()))),
        Err(error) if is_mendable(&error) || matches!(error, RepoError::NotFound(_)) => {
            let problem = Some(sentence(error.message()));
            access_page(&visit, &accounts, &opened, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn decided(accounts: &Accounts, repo: &Repo, body: &DecideBody) -> Result<(), RepoError> {
    if let Some(status) = RequestStatus::from_word(&body.status) {
        let missing = || RepoError::NotFound("there is no such access request".to_owned());
        let whose = Whose::Request(RequestId::of_wire(&body.request).ok_or_else(missing)?);
        return repo.answer_request(whose, &GateAnswer { status, reason: None }).await;
    }
    let missing = || RepoError::NotFound(format!("there is no user called {}", body.user.trim()));
    let name = body.user.trim().parse().map_err(|_| missing())?;
    let found = accounts.namespace(&name).await?.ok_or_else(missing)?;
    repo.grant_access(found.id).await
}

/// Whether it is liked from now on.
#[derive(Deserialize)]
struct LikeBody {
    form_token: String,
    on: bool,
}

/// `POST …/like`
async fn like(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<LikeBody>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let page = opened.head("card").urls.page().to_owned();
    if visit.caller.user().is_none() {
        return Err(PageError::SignIn { next: page });
    }
    visit.check(&body.form_token)?;
    match body.on {
        true => {
            community.like(&opened.repo).await?;
            opened.repo.notice(Attention::Like, visit.peer).await;
        }
        false => community.unlike(&opened.repo).await?,
    }
    Ok(go_to(&page))
}
