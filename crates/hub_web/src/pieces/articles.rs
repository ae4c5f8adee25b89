//! `/blog`: the newest articles and the reader's drafts; `/blog/new` and `/blog/{owner}/{slug}/edit`: the form.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::Accounts;
use hub_community::{Community, CommunityError, NewPiece, PieceChange, PieceKind};
use hub_core::{Code, NamespaceName, UserError as _};
use hub_http::{ApiRouter, JsonOrForm, Path, Query};
use serde::Deserialize;

use super::posts::{owner_of, owners};
use super::show::find;
use super::view::page_of;
use super::{PageQuery, PiecePath, PieceView, get, one_of, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    let edit = format!("{}/edit", one_of(PieceKind::Article));
    ApiRouter::new()
        .route(get("/blog").to(list))
        .route(get("/blog/new").to(blank))
        .route(post("/blog/new").to(create))
        .route(get(&edit).to(form))
        .route(post(&edit).to(change))
}

#[derive(Template)]
#[template(path = "pieces/articles.html")]
struct ArticlesPage {
    shell: Shell,
    author: Option<String>,
    drafts: Vec<PieceView>,
    articles: Vec<PieceView>,
    next: Option<String>,
}

/// `GET /blog`
async fn list(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    Query(query): Query<PageQuery>,
) -> Answer {
    let (page, author, next) = page_of(&visit, &community, &accounts, PieceKind::Article, &query).await?;
    let drafts = match author.is_none() && query.after.is_none() {
        true => PieceView::all_of(&visit, &community, &community.drafts(&visit.caller).await?).await?,
        false => Vec::new(),
    };
    let view = ArticlesPage {
        shell: visit.shell("blog"),
        articles: PieceView::all_of(&visit, &community, &page).await?,
        author,
        drafts,
        next,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

#[derive(Template)]
#[template(path = "pieces/form.html")]
struct FormPage {
    shell: Shell,
    here: String,
    is_new: bool,
    is_draft: bool,
    owners: Vec<(String, bool)>,
    title: String,
    text: String,
    coauthors: String,
    problem: Option<String>,
}

/// An article as its form sends it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ArticleBody {
    form_token: String,
    act: String,
    owner: String,
    title: String,
    text: String,
    /// Names between commas or spaces.
    coauthors: String,
}

impl ArticleBody {
    fn names(&self) -> Result<Vec<NamespaceName>, CommunityError> {
        let parts = self.coauthors.split([',', ' ', '\n', '\r']).map(|part| part.trim().trim_start_matches('@'));
        let name =
            |part: &str| part.parse().map_err(|_| CommunityError::NotFound(format!("there is no user called {part}")));
        parts.filter(|part| !part.is_empty()).map(name).collect()
    }

    fn page(self, visit: &Visit, is_new: bool, is_draft: bool, problem: Option<String>) -> Answer {
        let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let view = FormPage {
            shell: visit.shell("blog"),
            here: visit.here.split('?').next().unwrap_or_default().to_owned(),
            is_new,
            is_draft,
            owners: owners(visit, &self.owner),
            title: self.title,
            text: self.text,
            coauthors: self.coauthors,
            problem,
        };
        Ok(visit.page(status, &view))
    }
}

/// `GET /blog/new`
async fn blank(visit: Visit) -> Answer {
    visit.person()?;
    ArticleBody::default().page(&visit, true, true, None)
}

/// `POST /blog/new`
async fn create(
    visit: Visit,
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<ArticleBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let owner = owner_of(&visit, &accounts, &body.owner).await?;
    let written = match body.names() {
        Ok(coauthors) => {
            let new = NewPiece {
                kind: PieceKind::Article,
                title: body.title.clone(),
                body: body.text.clone(),
                is_draft: body.act != "publish",
                coauthors,
                host: visit.url.as_str().to_owned(),
            };
            community.write_piece(&visit.caller, &owner, &new).await
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(piece) => Ok(go_to(&piece.path(&owner.name))),
        Err(error) if is_refusal(&error) => body.page(&visit, true, true, Some(sentence(error.message()))),
        Err(error) => Err(error.into()),
    }
}

/// Whether the form is shown again with what is wrong in it.
fn is_refusal(error: &CommunityError) -> bool {
    is_mendable(error) || matches!(error.code(), Code::NotFound | Code::Conflict)
}

/// `GET /blog/{namespace}/{slug}/edit`
async fn form(visit: Visit, State(community): State<Community>, Path(path): Path<PiecePath>) -> Answer {
    visit.person()?;
    let (piece, _) = find(&visit, &community, PieceKind::Article, &path).await?;
    if !community.may_change_piece(&visit.caller, &piece).await? {
        return Err(PageError::told(Code::Forbidden, visit.words.get("blog.notyours")));
    }
    let thread = community.piece_thread(&visit.caller, &piece).await?;
    let names = thread.coauthors.iter().filter_map(|id| thread.people.get(*id)).map(|one| one.name.to_string());
    let body = ArticleBody {
        coauthors: names.collect::<Vec<_>>().join(", "),
        title: piece.title,
        text: piece.body,
        ..ArticleBody::default()
    };
    body.page(&visit, false, piece.is_draft, None)
}

/// `POST /blog/{namespace}/{slug}/edit`
async fn change(
    visit: Visit,
    State(community): State<Community>,
    Path(path): Path<PiecePath>,
    JsonOrForm(body): JsonOrForm<ArticleBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let (piece, owner) = find(&visit, &community, PieceKind::Article, &path).await?;
    let changed = match body.names() {
        Ok(coauthors) => {
            let change = PieceChange {
                title: Some(body.title.clone()),
                body: Some(body.text.clone()),
                coauthors: Some(coauthors),
                publish: body.act == "publish",
                host: visit.url.as_str().to_owned(),
            };
            community.change_piece(&visit.caller, (&piece, &owner), &change).await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(piece) => Ok(go_to(&piece.path(&owner.name))),
        Err(error) if is_refusal(&error) => body.page(&visit, false, piece.is_draft, Some(sentence(error.message()))),
        Err(error) => Err(error.into()),
    }
}
