//! `/posts`: the newest posts, and the form for another one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::Accounts;
use hub_community::{Community, NewPiece, PieceKind};
use hub_core::{Code, UserError as _};
use hub_http::{ApiRouter, JsonOrForm, Query};
use serde::Deserialize;

use super::view::page_of;
use super::{PageQuery, PieceView, get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new().route(get("/posts").to(list)).route(post("/posts").to(create))
}

#[derive(Template)]
#[template(path = "pieces/posts.html")]
struct PostsPage {
    shell: Shell,
    author: Option<String>,
    posts: Vec<PieceView>,
    next: Option<String>,
    /// In whose names the reader may write; nothing for strangers.
    owners: Vec<(String, bool)>,
    text: String,
    problem: Option<String>,
}

/// The reader and the organisations in whose names they write, and which is chosen.
pub(super) fn owners(visit: &Visit, chosen: &str) -> Vec<(String, bool)> {
    let Some(user) = visit.caller.user() else { return Vec::new() };
    let writes = user.memberships.iter().filter(|one| one.role >= hub_core::OrgRole::Write);
    let names = [user.name.to_string()].into_iter().chain(writes.map(|one| one.name.to_string()));
    names.map(|name| (name == chosen, name)).map(|(is_chosen, name)| (name, is_chosen)).collect()
}

/// `GET /posts`
async fn list(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Query(query): Query<PageQuery>,
) -> Answer {
    posts_page(&visit, &community, &accounts, &query, None).await
}

async fn posts_page(
    visit: &Visit,
    community: &Community,
    accounts: &Accounts,
    query: &PageQuery,
    refused: Option<(String, PostBody)>,
) -> Answer {
    let (page, author, next) = page_of(visit, community, accounts, PieceKind::Post, query).await?;
    let (problem, body) = refused.map_or((None, PostBody::default()), |(problem, body)| (Some(problem), body));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = PostsPage {
        shell: visit.shell("posts"),
        posts: PieceView::all_of(visit, community, &page).await?,
        author,
        next,
        owners: owners(visit, &body.owner),
        text: body.text,
        problem,
    };
    Ok(visit.page(status, &view))
}

/// A new post.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PostBody {
    form_token: String,
    owner: String,
    text: String,
}

/// `POST /posts`
async fn create(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<PostBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let owner = owner_of(&visit, &accounts, &body.owner).await?;
    let new = NewPiece {
        kind: PieceKind::Post,
        title: String::new(),
        body: body.text.clone(),
        is_draft: false,
        coauthors: Vec::new(),
        host: visit.url.as_str().to_owned(),
    };
    match community.write_piece(&visit.caller, &owner, &new).await {
        Ok(piece) => Ok(go_to(&piece.path(&owner.name))),
        Err(error) if is_mendable(&error) => {
            let refused = Some((sentence(error.message()), body));
            posts_page(&visit, &community, &accounts, &PageQuery::default(), refused).await
        }
        Err(error) => Err(error.into()),
    }
}

/// In whose name something is written: the reader's own, if nothing is said.
pub(super) async fn owner_of(
    visit: &Visit,
    accounts: &Accounts,
    name: &str,
) -> Result<hub_account::Namespace, PageError> {
    let person = visit.person()?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let name = match name.is_empty() {
        true => person.name.clone(),
        false => name.parse().map_err(|_| missing())?,
    };
    accounts.namespace(&name).await?.ok_or_else(missing)
}
