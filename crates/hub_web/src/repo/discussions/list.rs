//! `…/discussions`: the list, and the form that opens another one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{
    Community, CommunityError, Discussion, DiscussionFilter, DiscussionPage, DiscussionQuery, NewDiscussion, Status,
};
use hub_core::{Access, Timestamp, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm, Query};
use hub_repo::{Attention, Repos};
use serde::Deserialize;

use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::repo::{Opened, RepoHead, for_each_kind, get, post};
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    let router = for_each_kind(ApiRouter::new(), "/discussions", |path| get(AccessClass::Read, path).to(show));
    let router = for_each_kind(router, "/discussions", |path| post(AccessClass::Propose, path).to(open));
    for_each_kind(router, "/discussions/new", |path| get(AccessClass::Propose, path).to(form))
}

#[derive(Template)]
#[template(path = "repo/discussions/list.html")]
struct ListPage {
    shell: Shell,
    head: RepoHead,
    search: String,
    state: &'static str,
    kind: &'static str,
    count: u64,
    items: Vec<Item>,
    newer: Option<String>,
    older: Option<String>,
}

/// A discussion in the list.
struct Item {
    number: i64,
    title: String,
    author: Option<String>,
    created: Timestamp,
    is_pull: bool,
    pinned: bool,
    locked: bool,
    comments: u64,
    status: &'static str,
    status_class: &'static str,
}

/// Which discussions.
#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    p: i64,
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    q: String,
}

/// `GET …/discussions`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Query(query): Query<ListQuery>,
) -> Answer {
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let (state, filter) = match query.state.as_str() {
        "closed" => ("closed", DiscussionFilter::Closed),
        "all" => ("all", DiscussionFilter::All),
        _ => ("open", DiscussionFilter::Open),
    };
    let (kind, is_pull) = match query.kind.as_str() {
        "pulls" => ("pulls", Some(true)),
        "talks" => ("talks", Some(false)),
        _ => ("all", None),
    };
    let search = query.q.trim().to_owned();
    let wanted = DiscussionQuery {
        is_pull,
        filter,
        search: (!search.is_empty()).then(|| search.clone()),
        page: query.p,
        ..DiscussionQuery::default()
    };
    let page = community.discussions(&opened.repo, &wanted).await?;
    let head = opened.head("discussions");
    let link = |page: i64| format!("{}?state={state}&kind={kind}&p={page}", head.discussions());
    let is_more = page.start + (page.discussions.len() as i64) < page.count;
    let view = ListPage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        search,
        state,
        kind,
        count: page.count.unsigned_abs(),
        newer: (page.start > 0).then(|| link(query.p.max(1) - 1)),
        older: is_more.then(|| link(query.p.max(0) + 1)),
        items: page.discussions.iter().map(|found| item(&visit, &page, found)).collect(),
        head,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

fn item(visit: &Visit, page: &DiscussionPage, found: &Discussion) -> Item {
    let (status, status_class) = status_words(found.status);
    Item {
        number: found.number.get(),
        title: found.title.clone(),
        author: page.people.get(found.author).map(|author| author.name.to_string()),
        created: found.created,
        is_pull: found.is_pull,
        pinned: found.pinned,
        locked: found.locked,
        comments: found.comments.unsigned_abs(),
        status: visit.words.get(status),
        status_class,
    }
}

/// The word of a state, and its colour.
pub(super) fn status_words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Draft => ("talk.draft", ""),
        Status::Open => ("talk.open", "good"),
        Status::Closed => ("talk.closed", "bad"),
        Status::Merged => ("talk.merged", "warm"),
    }
}

#[derive(Template)]
#[template(path = "repo/discussions/new.html")]
struct NewPage {
    shell: Shell,
    head: RepoHead,
    title: String,
    description: String,
    can_pull: bool,
    is_pull: bool,
    problem: Option<String>,
}

/// `GET …/discussions/new`
async fn form(visit: Visit, State(repos): State<Repos>, Addr(addr): Addr) -> Answer {
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let body = NewBody::default();
    Ok(new_page(&visit, &opened, body, StatusCode::OK, None))
}

/// The filled form.
#[derive(Deserialize, Default)]
struct NewBody {
    form_token: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    pull: bool,
}

fn new_page(
    visit: &Visit,
    opened: &Opened,
    body: NewBody,
    status: StatusCode,
    problem: Option<String>,
) -> axum::response::Response {
    let view = NewPage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        head: opened.head("discussions"),
        title: body.title,
        description: body.description,
        can_pull: opened.can(Access::Propose),
        is_pull: body.pull,
        problem,
    };
    visit.page(status, &view)
}

/// `POST …/discussions`
async fn open(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    JsonOrForm(body): JsonOrForm<NewBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let new = NewDiscussion { title: body.title.clone(), description: body.description.clone(), is_pull: body.pull };
    match community.open_discussion(&opened.repo, &new).await {
        Ok(number) => {
            opened.repo.notice(Attention::Word, visit.peer).await;
            Ok(go_to(&format!("{}/{number}", opened.head("discussions").discussions())))
        }
        Err(CommunityError::Repo(error)) => Err(error.into()),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            Ok(new_page(&visit, &opened, body, StatusCode::UNPROCESSABLE_ENTITY, problem))
        }
        Err(error) => Err(PageError::from(error)),
    }
}
