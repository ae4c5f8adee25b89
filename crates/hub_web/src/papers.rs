//! `/papers`: the papers that cards cite; `/papers/{id}`: one of them, with the repositories that cite it, and as Markdown
//! under `/papers/{id}.md`. Whoever is signed in enters what is known of it, votes, submits it, says to be an author.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use hub_catalog::{Catalog, Clause, Group, Query as Search};
use hub_community::{Community, CommunityError, PaperChange, PaperId, PaperPlace, PaperView, People};
use hub_core::{Code, RepoKind, Timestamp, UserError as _};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Path, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::catalog::title_of;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::repo_list::{RepoLine, list_href};
use crate::shell::Shell;
use crate::visit::Visit;

/// Papers of a page, and repositories of a kind that a paper shows.
const PAGE: usize = 30;
const LINKED: usize = 12;
/// Authors whose names a line shows.
const AUTHORS_SHOWN: usize = 6;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let read = |path: &str| get(path).access(AccessClass::Read).undocumented();
    ApiRouter::new()
        .route(read("/papers").to(list))
        .route(read("/papers/{paper}").to(page))
        .route(post("/papers/{paper}").access(AccessClass::Login).undocumented().to(act))
}

/// Which papers.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PapersQuery {
    q: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "papers/list.html")]
struct PapersPage {
    shell: Shell,
    query: String,
    papers: Vec<PaperLine>,
    next: Option<String>,
}

/// A paper in a list.
struct PaperLine {
    id: String,
    href: String,
    name: String,
    authors: String,
    published: Timestamp,
    upvotes: u64,
}

#[derive(Template)]
#[template(path = "papers/page.html")]
struct PaperPage {
    shell: Shell,
    line: PaperLine,
    summary: String,
    is_known: bool,
    authors: Vec<AuthorLine>,
    project_page: String,
    github_repo: String,
    submitted: Option<(String, Timestamp)>,
    locked: bool,
    may_change: bool,
    is_admin: bool,
    has_voted: bool,
    sections: Vec<Section>,
    problem: Option<String>,
    form: PaperForm,
}

/// An author.
struct AuthorLine {
    id: String,
    name: String,
    /// Who says to be them, and whether it is confirmed.
    who: Option<(String, bool)>,
}

/// Repositories of a kind that cite it.
struct Section {
    title: &'static str,
    icon: &'static str,
    total: u64,
    href: String,
    repos: Vec<RepoLine>,
}

/// What the form holds.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PaperForm {
    form_token: String,
    act: String,
    title: String,
    summary: String,
    /// A name a line.
    authors: String,
    /// A day: `2017-06-12`.
    published: String,
    project_page: String,
    github_repo: String,
    author: String,
}

#[derive(Deserialize)]
struct PaperPath {
    paper: String,
}

fn href(id: &PaperId) -> String {
    format!("/papers/{}", escape_value(id.as_str()))
}

impl PaperLine {
    fn of(view: &PaperView) -> Self {
        let paper = &view.paper;
        let mut authors: Vec<&str> =
            paper.authors.iter().map(|author| author.name.as_str()).take(AUTHORS_SHOWN).collect();
        if paper.authors.len() > AUTHORS_SHOWN {
            authors.push("…");
        }
        Self {
            id: paper.id.to_string(),
            href: href(&paper.id),
            name: paper.name(),
            authors: authors.join(", "),
            published: paper.published,
            upvotes: paper.upvotes,
        }
    }
}

/// `GET /papers`
async fn list(visit: Visit, State(community): State<Community>, Query(query): Query<PapersQuery>) -> Answer {
    let text = query.q.trim().to_owned();
    let found = match text.is_empty() {
        true => {
            let after = query.after.as_deref().and_then(PaperPlace::of_cursor);
            community.papers(after.as_ref(), PAGE).await?
        }
        false => community.search_papers(&text, PAGE).await?,
    };
    let next = found.next.map(|place| format!("/papers?after={}", escape_value(&place.cursor())));
    let papers = found.papers.iter().map(PaperLine::of).collect();
    Ok(visit.page(StatusCode::OK, &PapersPage { shell: visit.shell("papers"), query: text, papers, next }))
}

/// `GET /papers/{paper}` and `/papers/{paper}.md`
async fn page(
    visit: Visit,
    State(community): State<Community>,
    State(catalog): State<Catalog>,
    Path(PaperPath { paper }): Path<PaperPath>,
) -> Answer {
    let (name, is_markdown) = match paper.strip_suffix(".md") {
        Some(name) => (name, true),
        None => (paper.as_str(), false),
    };
    let known = Known::of(&visit, &community, &catalog, &PaperId::parse(name)?).await?;
    if is_markdown {
        return Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], known.markdown()).into_response());
    }
    let form = PaperForm::of(&known.view);
    known.page(&visit, &community, StatusCode::OK, None, form).await
}

/// A paper with the repositories that cite it, as far as the visitor may know of them.
struct Known {
    view: PaperView,
    people: People,
    sections: Vec<Section>,
}

impl Known {
    async fn of(visit: &Visit, community: &Community, catalog: &Catalog, id: &PaperId) -> Result<Self, PageError> {
        let tag = format!("arxiv:{id}");
        let mut sections = Vec::new();
        for kind in [RepoKind::Model, RepoKind::Dataset, RepoKind::Space] {
            let clauses = vec![Clause::has(Group::Tag, tag.as_str())];
            let found =
                catalog.find(&visit.caller, kind, Search { clauses, limit: LINKED, ..Search::default() }).await?;
            if found.repos.is_empty() {
                continue;
            }
            sections.push(Section {
                title: visit.words.get(title_of(kind)),
                icon: kind.word(),
                total: found.found.total,
                href: format!("{}?tag={}", list_href(kind), escape_value(&tag)),
                repos: found.repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
            });
        }
        let (view, people) = match community.paper(id).await? {
            Some(found) => found,
            None if !sections.is_empty() || visit.caller.user().is_some() => {
                (Community::unknown_paper(id.clone()), People::default())
            }
            None => {
                return Err(PageError::told(
                    Code::NotFound,
                    "nothing here cites that paper, and nobody has entered it",
                ));
            }
        };
        Ok(Self { view, people, sections })
    }

    fn markdown(&self) -> String {
        let paper = &self.view.paper;
        let authors: Vec<&str> = paper.authors.iter().map(|author| author.name.as_str()).collect();
        let mut text = format!("# {}\n\n", paper.name());
        if !authors.is_empty() {
            text.push_str(&format!("{}\n\n", authors.join(", ")));
        }
        let day = paper.published.to_string();
        text.push_str(&format!(
            "Published {}. https://arxiv.org/abs/{}\n",
            day.get(..10).unwrap_or_default(),
            paper.id
        ));
        for link in [&paper.project_page, &paper.github_repo].into_iter().filter(|link| !link.is_empty()) {
            text.push_str(&format!("{link}\n"));
        }
        if !paper.summary.is_empty() {
            text.push_str(&format!("\n## Abstract\n\n{}\n", paper.summary));
        }
        for section in &self.sections {
            text.push_str(&format!("\n## {}\n\n", section.title));
            section.repos.iter().for_each(|repo| text.push_str(&format!("- {}/{}\n", repo.namespace, repo.name)));
        }
        text
    }

    async fn page(
        self,
        visit: &Visit,
        community: &Community,
        status: StatusCode,
        problem: Option<String>,
        form: PaperForm,
    ) -> Answer {
        let Self { view, people, sections } = self;
        let (user, is_admin) = (visit.caller.user(), visit.caller.is_instance_admin());
        let has_voted = match user {
            Some(user) => community.votes_for_paper(user.id, &view.paper.id).await?,
            None => false,
        };
        let named = |who| people.get(who).map(|who| who.name.to_string());
        let author = |author: &hub_community::Author| {
            let claim = view.claims.iter().find(|claim| claim.author == author.id);
            let who = claim.and_then(|claim| Some((named(claim.who)?, claim.confirmed)));
            AuthorLine { id: author.id.clone(), name: author.name.clone(), who }
        };
        let paper = &view.paper;
        let page = PaperPage {
            shell: visit.shell("papers"),
            line: PaperLine::of(&view),
            summary: paper.summary.clone(),
            is_known: !paper.title.is_empty(),
            authors: paper.authors.iter().map(author).collect(),
            project_page: paper.project_page.clone(),
            github_repo: paper.github_repo.clone(),
            submitted: paper.submitted.and_then(|(who, at)| Some((named(who)?, at))),
            locked: paper.locked,
            may_change: user.is_some() && (!paper.locked || is_admin),
            is_admin,
            has_voted,
            sections,
            problem,
            form,
        };
        Ok(visit.page(status, &page))
    }
}

impl PaperForm {
    fn of(view: &PaperView) -> Self {
        let paper = &view.paper;
        let names: Vec<&str> = paper.authors.iter().map(|author| author.name.as_str()).collect();
        Self {
            title: paper.title.clone(),
            summary: paper.summary.clone(),
            authors: names.join("\n"),
            published: paper.published.to_string().get(..10).unwrap_or_default().to_owned(),
            project_page: paper.project_page.clone(),
            github_repo: paper.github_repo.clone(),
            ..Self::default()
        }
    }

    fn change(&self) -> Result<PaperChange, CommunityError> {
        let wrong = || CommunityError::BadRequest("the day is written 2017-06-12".to_owned());
        let published = Timestamp::parse(&format!("{}T00:00:00.000Z", self.published)).ok_or_else(wrong)?;
        let names = self.authors.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(PaperChange {
            title: Some(self.title.clone()),
            summary: Some(self.summary.clone()),
            authors: Some(names.collect()),
            published: Some(published),
            project_page: Some(self.project_page.clone()),
            github_repo: Some(self.github_repo.clone()),
            locked: None,
        })
    }
}

/// `POST /papers/{paper}`
async fn act(
    visit: Visit,
    State(community): State<Community>,
    State(catalog): State<Catalog>,
    Path(PaperPath { paper }): Path<PaperPath>,
    JsonOrForm(body): JsonOrForm<PaperForm>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let id = PaperId::parse(&paper)?;
    match done(&visit, &community, &id, &body).await {
        Ok(()) => Ok(go_to(&href(&id))),
        Err(error) if is_mendable(&error) || error.code() == Code::Conflict => {
            let known = Known::of(&visit, &community, &catalog, &id).await?;
            let problem = Some(sentence(error.message()));
            let form = if body.act == "enter" { body } else { PaperForm::of(&known.view) };
            known.page(&visit, &community, StatusCode::UNPROCESSABLE_ENTITY, problem, form).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn done(visit: &Visit, community: &Community, id: &PaperId, body: &PaperForm) -> Result<(), CommunityError> {
    let caller = &visit.caller;
    let lock = |locked| PaperChange { locked: Some(locked), ..PaperChange::default() };
    match body.act.as_str() {
        "enter" => community.change_paper(caller, id, &body.change()?).await,
        "upvote" => community.upvote_paper(caller, id, true).await,
        "unvote" => community.upvote_paper(caller, id, false).await,
        "submit" => community.submit_paper(caller, id).await,
        "claim" => community.claim_author(caller, id, &body.author).await,
        "confirm" => community.decide_claim(caller, id, &body.author, true).await,
        "refuse" => community.decide_claim(caller, id, &body.author, false).await,
        "lock" => community.change_paper(caller, id, &lock(true)).await,
        "unlock" => community.change_paper(caller, id, &lock(false)).await,
        _ => Err(CommunityError::BadRequest("there is no such act".to_owned())),
    }
}
