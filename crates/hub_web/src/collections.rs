//! Collections as pages: the list, one of them, and the forms by which its owner makes, fills and orders it.
//!
//! Order is changed by buttons, which a keyboard reaches like everything else.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::Accounts;
use hub_community::{
    CollectionChange, CollectionId, CollectionPlace, CollectionQuery, CollectionSort, CollectionView, Community,
    CommunityError, ItemChange, ItemId, ItemKind, ItemTarget, ItemView, NewCollection, NewItem, Shown,
};
use hub_core::{Code, NamespaceName, OrgRole, RepoAddr, RepoKind, Timestamp, UserError};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Path, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// How many collections a page lists.
const PAGE: usize = 30;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let read = AccessClass::Read;
    let login = AccessClass::Login;
    let one = "/collections/{namespace}/{slug}";
    ApiRouter::new()
        .route(get("/collections").access(read).undocumented().to(list))
        .route(post("/collections").access(login).undocumented().to(create))
        .route(get(one).access(read).undocumented().to(show))
        .route(post(one).access(login).undocumented().to(act))
}

#[derive(Template)]
#[template(path = "collections/list.html")]
struct ListPage {
    shell: Shell,
    owner: Option<String>,
    collections: Vec<Line>,
    next: Option<String>,
    problem: Option<String>,
}

/// A collection in the list.
struct Line {
    href: String,
    title: String,
    description: String,
    owner: String,
    private: bool,
    upvotes: u64,
    items: Vec<String>,
}

/// Which collections.
#[derive(Deserialize, Default)]
struct ListQuery {
    owner: Option<String>,
    cursor: Option<String>,
}

/// `GET /collections`
async fn list(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Query(query): Query<ListQuery>,
) -> Answer {
    list_page(&visit, &community, &accounts, query, StatusCode::OK, None).await
}

async fn list_page(
    visit: &Visit,
    community: &Community,
    accounts: &Accounts,
    query: ListQuery,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let mut wanted = CollectionQuery {
        sort: CollectionSort::Changed,
        after: query.cursor.as_deref().and_then(CollectionPlace::of_cursor),
        limit: PAGE,
        ..CollectionQuery::default()
    };
    if let Some(owner) = &query.owner {
        let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
        let name: NamespaceName = owner.parse().map_err(|_| missing())?;
        wanted.owners = vec![accounts.namespace(&name).await?.ok_or_else(missing)?.id];
    }
    let page = community.collections(&visit.caller, &wanted).await?;
    let line = |found: &CollectionView| Line {
        href: href_of(found),
        title: found.collection.title.clone(),
        description: found.collection.description.clone(),
        owner: found.owner.name.to_string(),
        private: found.collection.private,
        upvotes: found.collection.upvotes.unsigned_abs(),
        items: found.items.iter().map(name_of).collect(),
    };
    let view = ListPage {
        shell: visit.shell("collections"),
        collections: page.collections.iter().map(line).collect(),
        next: page.next.map(|place| match &query.owner {
            Some(owner) => format!("/collections?owner={owner}&cursor={}", place.cursor()),
            None => format!("/collections?cursor={}", place.cursor()),
        }),
        owner: query.owner,
        problem,
    };
    Ok(visit.page(status, &view))
}

fn href_of(found: &CollectionView) -> String {
    format!("/collections/{}/{}", found.owner.name, found.collection.slug())
}

fn name_of(item: &ItemView) -> String {
    match &item.shown {
        Shown::Repo(repo) => repo.addr.repo_id(),
        Shown::Paper(id) => id.clone(),
        Shown::Collection(inner, _) => inner.title.clone(),
    }
}

/// A new collection.
#[derive(Deserialize)]
struct NewBody {
    form_token: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    private: bool,
}

/// `POST /collections`
async fn create(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<NewBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let person = visit.person()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let owner = accounts.namespace(&person.name).await?.ok_or_else(missing)?;
    let new = NewCollection { title: body.title, description: body.description, private: body.private };
    match community.create_collection(&visit.caller, &owner, &new).await {
        Ok(id) => Ok(go_to(&href_of(&community.collection(&visit.caller, id).await?))),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            list_page(&visit, &community, &accounts, ListQuery::default(), status, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "collections/page.html")]
struct CollectionPage {
    shell: Shell,
    here: String,
    title: String,
    description: String,
    owner: String,
    private: bool,
    changed: Timestamp,
    upvotes: u64,
    is_upvoted: bool,
    can_change: bool,
    items: Vec<ItemLine>,
    problem: Option<String>,
}

/// An item of a collection.
struct ItemLine {
    id: String,
    icon: &'static str,
    name: String,
    href: Option<String>,
    note: String,
    /// Its place, and whether it is the last.
    place: usize,
    is_last: bool,
}

/// The parts of the address.
#[derive(Deserialize)]
struct Slug {
    slug: String,
}

impl Slug {
    fn id(&self, visit: &Visit) -> Result<CollectionId, PageError> {
        let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
        CollectionId::of_slug(&self.slug).ok_or_else(missing)
    }
}

/// `GET /collections/{namespace}/{slug}`
async fn show(visit: Visit, State(community): State<Community>, Path(slug): Path<Slug>) -> Answer {
    let id = slug.id(&visit)?;
    collection_page(&visit, &community, id, StatusCode::OK, None).await
}

async fn collection_page(
    visit: &Visit,
    community: &Community,
    id: CollectionId,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let found = community.collection(&visit.caller, id).await?;
    let last = found.items.len().saturating_sub(1);
    let line = |(place, item): (usize, &ItemView)| {
        let (icon, href) = match &item.shown {
            Shown::Repo(repo) => (repo.addr.kind.word(), Some(format!("/{}", repo.addr.url_path()))),
            Shown::Paper(id) => ("book", Some(format!("/papers/{}", escape_value(id)))),
            Shown::Collection(inner, owner) => ("list", Some(format!("/collections/{}/{}", owner.name, inner.slug()))),
        };
        ItemLine {
            id: item.id.wire(),
            icon,
            name: name_of(item),
            href,
            note: item.note.clone(),
            place,
            is_last: place == last,
        }
    };
    let role = visit.caller.role_in(found.collection.owner);
    let view = CollectionPage {
        shell: visit.shell("collections"),
        here: href_of(&found),
        title: found.collection.title.clone(),
        description: found.collection.description.clone(),
        owner: found.owner.name.to_string(),
        private: found.collection.private,
        changed: found.collection.changed,
        upvotes: found.collection.upvotes.unsigned_abs(),
        is_upvoted: found.is_upvoted,
        can_change: role >= Some(OrgRole::Write) || visit.caller.is_instance_admin(),
        items: found.items.iter().enumerate().map(line).collect(),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// What is to be done.
#[derive(Deserialize)]
struct ActBody {
    form_token: String,
    act: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    place: i64,
}

/// `POST /collections/{namespace}/{slug}`
async fn act(
    visit: Visit,
    State(community): State<Community>,
    Path(slug): Path<Slug>,
    JsonOrForm(body): JsonOrForm<ActBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let id = slug.id(&visit)?;
    match done(&visit, &community, id, &body).await {
        Ok(()) if body.act == "delete" => Ok(go_to("/collections?done=deleted")),
        Ok(()) => Ok(go_to(&href_of(&community.collection(&visit.caller, id).await?))),
        Err(CommunityError::Db(error)) => Err(CommunityError::Db(error).into()),
        Err(error) => {
            let problem = Some(sentence(error.message()));
            collection_page(&visit, &community, id, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
    }
}

async fn done(visit: &Visit, community: &Community, id: CollectionId, body: &ActBody) -> Result<(), CommunityError> {
    let caller = &visit.caller;
    let item = || {
        let missing = || CommunityError::NotFound("there is no such item in the collection".to_owned());
        ItemId::of_wire(&body.item).ok_or_else(missing)
    };
    let change = async |change: ItemChange| community.change_item(caller, id, item()?, &change).await;
    match body.act.as_str() {
        "add" => {
            let new = NewItem { target: target_of(&body.kind, body.text.trim())?, note: String::new() };
            community.add_item(caller, id, &new).await?;
        }
        "up" => change(ItemChange { position: Some((body.place - 1).max(0)), note: None }).await?,
        "down" => change(ItemChange { position: Some(body.place + 1), note: None }).await?,
        "note" => change(ItemChange { position: None, note: Some(body.text.clone()) }).await?,
        "remove" => community.remove_item(caller, id, item()?).await?,
        "vote" => community.upvote_collection(caller, id, true).await?,
        "unvote" => community.upvote_collection(caller, id, false).await?,
        "save" => {
            let change = CollectionChange {
                title: Some(body.text.clone()),
                description: Some(body.description.clone()),
                private: Some(body.private),
                ..CollectionChange::default()
            };
            community.change_collection(caller, id, &change).await?;
        }
        "delete" => community.delete_collection(caller, id).await?,
        _ => return Err(CommunityError::BadRequest("the form asks for nothing that can be done".to_owned())),
    }
    Ok(())
}

/// What a person typed for an item, of the kind that they chose.
fn target_of(kind: &str, text: &str) -> Result<ItemTarget, CommunityError> {
    let missing = || CommunityError::NotFound(format!("there is no {kind} {text}"));
    match ItemKind::from_word(kind) {
        Some(ItemKind::Repo(kind)) => Ok(ItemTarget::Repo(addr_of(kind, text).ok_or_else(missing)?)),
        Some(ItemKind::Paper) => Ok(ItemTarget::Paper(text.to_owned())),
        Some(ItemKind::Collection) => Ok(ItemTarget::Collection(CollectionId::of_slug(text).ok_or_else(missing)?)),
        None => Err(CommunityError::BadRequest("choose what it is".to_owned())),
    }
}

fn addr_of(kind: RepoKind, text: &str) -> Option<RepoAddr> {
    let (namespace, name) = text.split_once('/')?;
    Some(RepoAddr { kind, namespace: namespace.parse().ok()?, name: name.parse().ok()? })
}
