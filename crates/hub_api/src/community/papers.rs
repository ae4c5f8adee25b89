//! Papers: `GET /api/papers`, `/api/papers/search`, `/api/papers/{id}`, `/api/daily_papers`, and what people enter.
//!
//! Identifiers of arXiv from before 2007 have a slash; in an address it is written `%2F`.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, Caller as Asking, NamespaceKind};
use hub_catalog::{Catalog, Clause, Group, Query as Search};
use hub_community::{
    Claim, Community, DailyQuery, PaperChange, PaperId, PaperOrder, PaperPage, PaperPlace, PaperView as Viewed, People,
};
use hub_core::{Code, NamespaceName, RepoKind, Timestamp};
use hub_http::{
    AccessClass, ApiError, ApiRouter, Caller, JsonBody, Page, Paging, Path, PublicUrl, Query, SignedIn, delete, get,
    post, put,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::likes::{PersonView, bad_cursor, person};
use crate::ApiState;
use crate::failure::Answer;
use crate::repos::view::{ListDetail, Shown, Wanted};

/// Papers of a page, unless asked otherwise, and repositories of a kind that a paper shows.
const PAGE: usize = 50;
const PAGE_MAX: usize = 100;
const LINKED: usize = 12;
const TAG: &str = "papers";
const DAY_MILLIS: i64 = 86_400_000;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let read = |path: &str| get(path).access(AccessClass::Read).tag(TAG);
    ApiRouter::new()
        .route(
            read("/api/papers")
                .summary("Lists papers, the latest first")
                .query::<ListQuery>()
                .answer::<Vec<Value>>()
                .to(list),
        )
        .route(
            read("/api/papers/search")
                .summary("Finds papers by words of their titles, or by their identifier")
                .query::<SearchQuery>()
                .answer::<Vec<Value>>()
                .to(search),
        )
        .route(
            read("/api/papers/{paper}")
                .summary("What is known of a paper, and the repositories that cite it")
                .answer::<Value>()
                .to(one),
        )
        .route(
            read("/api/daily_papers")
                .summary("Lists papers that were submitted as those of a day")
                .query::<DayQuery>()
                .answer::<Vec<Value>>()
                .to(daily),
        )
        .route(
            post("/api/papers/index")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Makes a paper known")
                .body::<IndexBody>()
                .answer::<Value>()
                .to(index),
        )
        .route(
            put("/api/papers/{paper}")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Enters what is known of a paper; what is absent stays as it is")
                .body::<ChangeBody>()
                .answer::<Value>()
                .to(change),
        )
        .route(
            post("/api/papers/{paper}/links")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Sets the links of a paper to its project and its code")
                .body::<LinksBody>()
                .answer::<Value>()
                .to(links),
        )
        .route(
            post("/api/papers/{paper}/upvote")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Votes for a paper")
                .to(upvote),
        )
        .route(
            delete("/api/papers/{paper}/upvote")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Takes a vote for a paper back")
                .to(take_vote_back),
        )
        .route(
            post("/api/papers/{paper}/submit")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Submits a paper as one of this day")
                .to(submit),
        )
        .route(
            post("/api/settings/papers/claim")
                .access(AccessClass::Login)
                .tag(TAG)
                .summary("Says that the caller is one of the authors of a paper")
                .body::<ClaimBody>()
                .answer::<Value>()
                .to(claim),
        )
        .route(
            post("/api/papers/{paper}/authors/{author}")
                .access(AccessClass::SiteAdmin)
                .tag(TAG)
                .summary("Confirms that somebody is the author that they say to be, or takes that away")
                .body::<DecideBody>()
                .answer::<Value>()
                .to(decide),
        )
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    /// 1 to 100.
    limit: Option<usize>,
    cursor: Option<String>,
}

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
struct SearchQuery {
    /// Words of the title, or an identifier.
    #[serde(default)]
    q: String,
    /// 1 to 100.
    limit: Option<usize>,
}

/// Which papers of the day.
#[derive(Deserialize, JsonSchema)]
struct DayQuery {
    /// The page, from 0.
    #[serde(default)]
    p: usize,
    /// 1 to 100.
    limit: Option<usize>,
    /// `2026-01-31`
    date: Option<String>,
    /// `2026-W05`
    week: Option<String>,
    /// `2026-01`
    month: Option<String>,
    /// The name of whoever submitted them.
    submitter: Option<String>,
    /// `publishedAt` or `trending`.
    sort: Option<String>,
}

/// A paper.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct IndexBody {
    arxiv_id: String,
}

/// What somebody enters of a paper.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeBody {
    title: Option<String>,
    summary: Option<String>,
    /// Names, in their order.
    authors: Option<Vec<String>>,
    /// `2017-06-12T00:00:00.000Z`
    published_at: Option<String>,
    project_page: Option<String>,
    github_repo: Option<String>,
    /// Whether only administrators change it from now on.
    locked: Option<bool>,
}

/// Links; null takes one away.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LinksBody {
    #[serde(default, deserialize_with = "present")]
    project_page: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    github_repo: Option<Option<String>>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Which author.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ClaimBody {
    paper_id: String,
    claim_author_id: String,
}

/// Whether it is right.
#[derive(Deserialize, JsonSchema)]
struct DecideBody {
    confirmed: bool,
}

#[derive(Deserialize)]
struct PaperPath {
    paper: String,
}

#[derive(Deserialize)]
struct AuthorPath {
    paper: String,
    author: String,
}

/// `GET /api/papers`
async fn list(
    State(community): State<Community>,
    public_url: PublicUrl,
    Query(query): Query<ListQuery>,
    paging: Paging,
) -> Answer<Page<Value>> {
    let after = query.cursor.as_ref().map(|text| PaperPlace::of_cursor(text).ok_or_else(bad_cursor)).transpose()?;
    let page = community.papers(after.as_ref(), limit(query.limit)?).await?;
    let views = page.papers.iter().map(|view| paper_view(&public_url, view, &page.people)).collect();
    Ok(paging.page(views, page.next.map(|place| place.cursor())))
}

/// `GET /api/papers/search`
async fn search(
    State(community): State<Community>,
    public_url: PublicUrl,
    Query(query): Query<SearchQuery>,
) -> Answer<Json<Vec<Value>>> {
    let page = community.search_papers(&query.q, limit(query.limit)?).await?;
    Ok(Json(page_views(&public_url, &page)))
}

/// `GET /api/daily_papers`
async fn daily(
    State(community): State<Community>,
    State(accounts): State<Accounts>,
    public_url: PublicUrl,
    Query(query): Query<DayQuery>,
) -> Answer<Json<Vec<Value>>> {
    let order = match query.sort.as_deref() {
        None | Some("publishedAt") => PaperOrder::Latest,
        Some("trending") => PaperOrder::Upvotes,
        Some(_) => return Err(ApiError::bad_request("`sort` is one of publishedAt, trending").into()),
    };
    let by = match &query.submitter {
        Some(name) => {
            let missing = || ApiError::new(Code::NotFound, "there is no such submitter");
            let name: NamespaceName = name.parse().map_err(|_| missing())?;
            Some(person(&accounts, &name, NamespaceKind::User).await?.id)
        }
        None => None,
    };
    let limit = limit(query.limit)?;
    let span = query.span()?;
    let offset = query.p.saturating_mul(limit);
    let wanted =
        DailyQuery { from: span.map(|(from, _)| from), before: span.map(|(_, to)| to), by, order, offset, limit };
    let page = community.daily_papers(&wanted).await?;
    Ok(Json(page_views(&public_url, &page)))
}

impl DayQuery {
    /// From when to when; nothing for always.
    fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, ApiError> {
        let day = |text: &str| Timestamp::parse(&format!("{text}T00:00:00.000Z"));
        let days = |from: Timestamp, count: i64| (from, from.plus_millis(count * DAY_MILLIS));
        if let Some(date) = &self.date {
            let wrong = || ApiError::bad_request("`date` is written 2026-01-31");
            return Ok(Some(days(day(date).ok_or_else(wrong)?, 1)));
        }
        if let Some(week) = &self.week {
            let wrong = || ApiError::bad_request("`week` is written 2026-W05");
            let (year, number) = week.split_once("-W").ok_or_else(wrong)?;
            let number: i64 = number.parse().ok().filter(|number| (1..=53).contains(number)).ok_or_else(wrong)?;
            // The week of the fourth of January is the first; weeks begin on Monday, as day 4 after 1970-01-01 did.
            let fourth = day(&format!("{year}-01-04")).ok_or_else(wrong)?;
            let monday = fourth.day() - (fourth.day() + 3).rem_euclid(7);
            return Ok(Some(days(Timestamp::from_millis((monday + 7 * (number - 1)) * DAY_MILLIS), 7)));
        }
        if let Some(month) = &self.month {
            let wrong = || ApiError::bad_request("`month` is written 2026-01");
            let from = day(&format!("{month}-01")).ok_or_else(wrong)?;
            let next = (28..=31).find_map(|count| {
                let after = from.plus_millis(count * DAY_MILLIS);
                after.to_string().get(8..10).is_some_and(|day| day == "01").then_some(after)
            });
            return Ok(Some((from, next.ok_or_else(wrong)?)));
        }
        Ok(None)
    }
}

/// `GET /api/papers/{paper}`
async fn one(
    State(community): State<Community>,
    State(catalog): State<Catalog>,
    Caller(caller): Caller,
    public_url: PublicUrl,
    Path(PaperPath { paper }): Path<PaperPath>,
) -> Answer<Json<Value>> {
    let (view, people, linked) = known(&community, &catalog, &caller, &paper).await?;
    let mut answer = paper_view(&public_url, &view, &people);
    for Linked { kind, total, repos } in linked {
        let name = match kind {
            RepoKind::Dataset => "Datasets",
            RepoKind::Space => "Spaces",
            _ => "Models",
        };
        answer[format!("linked{name}")] = Value::from(repos);
        answer[format!("numTotal{name}")] = Value::from(total);
    }
    Ok(Json(answer))
}

/// Repositories that cite a paper.
struct Linked {
    kind: RepoKind,
    total: u64,
    repos: Vec<Value>,
}

/// A paper that somebody has named, or that a repository cites of which the caller may know.
async fn known(
    community: &Community,
    catalog: &Catalog,
    caller: &Asking,
    text: &str,
) -> Answer<(Viewed, People, Vec<Linked>)> {
    let id = PaperId::parse(text)?;
    let mut linked = Vec::new();
    for kind in [RepoKind::Model, RepoKind::Dataset, RepoKind::Space] {
        let tag = Clause::has(Group::Tag, format!("arxiv:{id}"));
        let found =
            catalog.find(caller, kind, Search { clauses: vec![tag], limit: LINKED, ..Search::default() }).await?;
        let wanted = Wanted::of_list(kind, &[], ListDetail::default())?;
        let view = |repo: &hub_repo::ListedRepo| {
            let (state, trending) = (&repo.state, catalog.repos().trending_score(&repo.state));
            Shown { state, facts: &repo.facts, sha: repo.head, trending, siblings: None }.view(&wanted)
        };
        linked.push(Linked { kind, total: found.found.total, repos: found.repos.iter().map(view).collect() });
    }
    if let Some((view, people)) = community.paper(&id).await? {
        return Ok((view, people, linked));
    }
    if linked.iter().any(|linked| linked.total > 0) {
        return Ok((Community::unknown_paper(id), People::default(), linked));
    }
    Err(ApiError::new(Code::NotFound, format!("the paper {id} is not known here: `POST /api/papers/index` names it"))
        .into())
}

/// `POST /api/papers/index`
async fn index(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    JsonBody(body): JsonBody<IndexBody>,
) -> Answer<Json<Value>> {
    community.name_paper(&caller, &PaperId::parse(&body.arxiv_id)?).await?;
    Ok(done())
}

/// `PUT /api/papers/{paper}`
async fn change(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    Path(PaperPath { paper }): Path<PaperPath>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Answer<Json<Value>> {
    let wrong = || ApiError::bad_request("`publishedAt` is a moment, such as 2017-06-12T00:00:00.000Z");
    let published = body.published_at.map(|text| Timestamp::parse(&text).ok_or_else(wrong)).transpose()?;
    let change = PaperChange {
        title: body.title,
        summary: body.summary,
        authors: body.authors,
        published,
        project_page: body.project_page,
        github_repo: body.github_repo,
        locked: body.locked,
    };
    community.change_paper(&caller, &PaperId::parse(&paper)?, &change).await?;
    Ok(done())
}

/// `POST /api/papers/{paper}/links`
async fn links(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    Path(PaperPath { paper }): Path<PaperPath>,
    JsonBody(body): JsonBody<LinksBody>,
) -> Answer<Json<Value>> {
    let change = PaperChange {
        project_page: body.project_page.map(Option::unwrap_or_default),
        github_repo: body.github_repo.map(Option::unwrap_or_default),
        ..PaperChange::default()
    };
    community.change_paper(&caller, &PaperId::parse(&paper)?, &change).await?;
    Ok(done())
}

/// `POST /api/papers/{paper}/upvote`
async fn upvote(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    Path(PaperPath { paper }): Path<PaperPath>,
) -> Answer<Json<Value>> {
    community.upvote_paper(&caller, &PaperId::parse(&paper)?, true).await?;
    Ok(done())
}

/// `DELETE /api/papers/{paper}/upvote`
async fn take_vote_back(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    Path(PaperPath { paper }): Path<PaperPath>,
) -> Answer<Json<Value>> {
    community.upvote_paper(&caller, &PaperId::parse(&paper)?, false).await?;
    Ok(done())
}

/// `POST /api/papers/{paper}/submit`
async fn submit(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    Path(PaperPath { paper }): Path<PaperPath>,
) -> Answer<Json<Value>> {
    community.submit_paper(&caller, &PaperId::parse(&paper)?).await?;
    Ok(done())
}

/// `POST /api/settings/papers/claim`
async fn claim(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    JsonBody(body): JsonBody<ClaimBody>,
) -> Answer<Json<Value>> {
    let id = PaperId::parse(&body.paper_id)?;
    community.claim_author(&caller, &id, &body.claim_author_id).await?;
    Ok(Json(json!({ "ok": true, "claimedPaperId": id.as_str() })))
}

/// `POST /api/papers/{paper}/authors/{author}`
async fn decide(
    State(community): State<Community>,
    SignedIn(caller): SignedIn,
    Path(AuthorPath { paper, author }): Path<AuthorPath>,
    JsonBody(body): JsonBody<DecideBody>,
) -> Answer<Json<Value>> {
    community.decide_claim(&caller, &PaperId::parse(&paper)?, &author, body.confirmed).await?;
    Ok(done())
}

fn done() -> Json<Value> {
    Json(json!({}))
}

fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::bad_request(format!("`limit` goes from 1 to {PAGE_MAX}")))
}

/// What is known of a paper, as the original hub writes it.
fn paper_view(public_url: &PublicUrl, view: &Viewed, people: &People) -> Value {
    let paper = &view.paper;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("id", paper.id.as_str().into());
    set("title", paper.name().into());
    set("summary", paper.summary.as_str().into());
    set("publishedAt", paper.published.to_string().into());
    set("upvotes", paper.upvotes.into());
    set("discussionId", "".into());
    set("source", "arxiv".into());
    let authors = paper.authors.iter().map(|author| {
        let mut shown = json!({ "_id": author.id, "name": author.name, "hidden": false });
        let claim: Option<&Claim> = view.claims.iter().find(|claim| claim.author == author.id);
        if let Some((claim, who)) = claim.and_then(|claim| Some((claim, people.get(claim.who)?))) {
            shown["status"] = Value::from(if claim.confirmed { "claimed_verified" } else { "claimed" });
            shown["statusLastChangedAt"] = Value::from(claim.at.to_string());
            shown["user"] = json!(PersonView::of(public_url, who.clone()));
        }
        shown
    });
    set("authors", authors.collect());
    for (name, link) in [("projectPage", &paper.project_page), ("githubRepo", &paper.github_repo)] {
        if !link.is_empty() {
            set(name, link.as_str().into());
        }
    }
    if let Some((who, at)) = paper.submitted {
        set("submittedOnDailyAt", at.to_string().into());
        if let Some(who) = people.get(who) {
            set("submittedOnDailyBy", json!(PersonView::of(public_url, who.clone())));
        }
    }
    Value::Object(fields)
}

/// The papers of a page, each below `paper` with what lists show beside it.
fn page_views(public_url: &PublicUrl, page: &PaperPage) -> Vec<Value> {
    let view = |view: &Viewed| {
        let paper = &view.paper;
        let at = paper.submitted.map_or(paper.published, |(_, at)| at);
        let mut shown = json!({
            "title": paper.name(),
            "summary": paper.summary,
            "publishedAt": at.to_string(),
            "thumbnail": "",
            "numComments": 0,
            "isAuthorParticipating": view.claims.iter().any(|claim| claim.confirmed),
        });
        if let Some(who) = paper.submitted.and_then(|(who, _)| page.people.get(who)) {
            shown["submittedBy"] = json!(PersonView::of(public_url, who.clone()));
        }
        shown["paper"] = paper_view(public_url, view, &page.people);
        shown
    };
    page.papers.iter().map(view).collect()
}
