//! `GET /api/quicksearch`: one box over everything that has a name. `GET /api/trending`: what draws attention now.
//! `GET /api/search/full-text`: what repositories say.

mod full_text;

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, Caller as Asking, Namespace, NamespaceKind};
use hub_catalog::{Catalog, Clause, Group, Query as Search, Sort};
use hub_community::{Collection, CollectionQuery, CollectionSort, Community, PaperView};
use hub_core::RepoKind;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, PublicUrl, Query, get};
use hub_repo::ListedRepo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ApiState;
use crate::failure::Answer;
use crate::repos::view::gated_word;

/// Things of each kind that an answer shows.
const SHOWN: usize = 5;
/// The most that can be asked for.
const SHOWN_MAX: usize = 20;
/// The longest text that is searched for.
const TEXT_MAX_BYTES: usize = 200;
/// What can be searched, by the word that clients use.
const TYPES: &[&str] = &["model", "dataset", "space", "org", "user", "paper", "collection", "bucket", "kernel"];

pub(crate) fn routes() -> ApiRouter<ApiState> {
    full_text::routes()
        .route(
            get("/api/quicksearch")
                .access(AccessClass::Read)
                .tag("search")
                .summary("Finds repositories, people and organisations whose name holds a text")
                .query::<QuickQuery>()
                .answer::<Value>()
                .to(quick_search),
        )
        .route(
            get("/api/trending")
                .access(AccessClass::Read)
                .tag("search")
                .summary("Lists the repositories that draw most attention now")
                .query::<TrendingQuery>()
                .answer::<TrendingView>()
                .to(trending),
        )
}

/// What is searched for.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct QuickQuery {
    /// The text.
    q: String,
    /// Things of each kind, 1 to 20.
    limit: Option<usize>,
    /// Only these kinds.
    r#type: Vec<String>,
    /// Only repositories of this person or organisation.
    namespace: Option<String>,
    /// What shall be left out: `models/<id>`, `users/<name>` and so on.
    exclude: Vec<String>,
}

/// `GET /api/quicksearch`
async fn quick_search(
    State(catalog): State<Catalog>,
    State(community): State<Community>,
    Caller(caller): Caller,
    public_url: PublicUrl,
    Query(query): Query<QuickQuery>,
) -> Answer<Json<Value>> {
    query.check()?;
    let mut view = Map::new();
    view.insert("q".to_owned(), Value::from(query.q.as_str()));
    for kind in RepoKind::ALL {
        let (found, total) = match query.wants(kind.word()) {
            true => query.repos(&catalog, &caller, kind).await?,
            false => (Vec::new(), 0),
        };
        view.insert(format!("{}Count", kind.plural()), Value::from(total));
        view.insert(kind.plural().to_owned(), Value::from(found));
    }
    let accounts = catalog.repos().accounts();
    for (word, name) in [("org", "orgs"), ("user", "users")] {
        let found = match query.wants(word) {
            true => query.people(accounts, word, &public_url).await?,
            false => Vec::new(),
        };
        view.insert(name.to_owned(), Value::from(found));
    }
    let collections = match query.wants("collection") {
        true => query.collections(&community, &caller).await?,
        false => Vec::new(),
    };
    view.insert("collectionsCount".to_owned(), Value::from(collections.len()));
    view.insert("collections".to_owned(), Value::from(collections));
    let papers = match query.wants("paper") {
        true => query.papers(&community).await?,
        false => Vec::new(),
    };
    view.insert("papersCount".to_owned(), Value::from(papers.len()));
    view.insert("papers".to_owned(), Value::from(papers));
    Ok(Json(Value::Object(view)))
}

impl QuickQuery {
    fn check(&self) -> Result<(), ApiError> {
        if let Some(unknown) = self.r#type.iter().find(|word| !TYPES.contains(&word.as_str())) {
            return Err(ApiError::bad_request(format!("`type` {unknown:?} is none of {}", TYPES.join(", "))));
        }
        if self.q.len() > TEXT_MAX_BYTES {
            return Err(ApiError::bad_request(format!("`q` may have at most {TEXT_MAX_BYTES} bytes")));
        }
        if self.q.chars().any(char::is_control) {
            return Err(ApiError::bad_request("`q`: control characters stand in no name"));
        }
        match self.limit {
            Some(limit) if !(1..=SHOWN_MAX).contains(&limit) => {
                Err(ApiError::bad_request(format!("`limit` goes from 1 to {SHOWN_MAX}")))
            }
            _ => Ok(()),
        }
    }

    fn wants(&self, word: &str) -> bool {
        self.r#type.is_empty() || self.r#type.iter().any(|asked| asked == word)
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(SHOWN)
    }

    fn excludes(&self, kind: &str, name: &str) -> bool {
        self.exclude.iter().any(|left_out| left_out.split_once('/') == Some((kind, name)))
    }

    async fn repos(&self, catalog: &Catalog, caller: &Asking, kind: RepoKind) -> Answer<(Vec<Value>, u64)> {
        let author = self.namespace.as_deref().map(|name| Clause::has(Group::Author, name.to_ascii_lowercase()));
        let search = Search {
            clauses: author.into_iter().collect(),
            texts: self.q.split_whitespace().map(str::to_owned).collect(),
            forgiving: true,
            best: true,
            sort: Sort::Trending,
            limit: self.limit() + self.exclude.len().min(SHOWN_MAX),
            ..Search::default()
        };
        let found = catalog.find(caller, kind, search).await?;
        let shown = found.repos.iter().filter(|repo| !self.excludes(kind.plural(), &repo.state.addr.repo_id()));
        let view = |repo| quick_view(kind, repo, catalog.repos().trending_score(&repo.state));
        Ok((shown.take(self.limit()).map(view).collect(), found.found.total))
    }

    async fn collections(&self, community: &Community, caller: &Asking) -> Answer<Vec<Value>> {
        let text = self.q.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = CollectionQuery {
            search: Some(text.to_owned()),
            sort: CollectionSort::Upvotes,
            limit: self.limit(),
            ..CollectionQuery::default()
        };
        let found = community.collections(caller, &wanted).await?.collections;
        Ok(found.iter().map(|view| collection_view(&view.collection)).collect())
    }

    async fn papers(&self, community: &Community) -> Answer<Vec<Value>> {
        if self.q.trim().is_empty() {
            return Ok(Vec::new());
        }
        let found = community.search_papers(&self.q, self.limit()).await?.papers;
        let view = |view: &PaperView| json!({ "id": view.paper.id.as_str() });
        Ok(found.iter().map(view).collect())
    }

    async fn people(&self, accounts: &Accounts, word: &str, public_url: &PublicUrl) -> Answer<Vec<Value>> {
        let (kind, plural, name) = match word {
            "org" => (NamespaceKind::Organization, "orgs", "name"),
            _ => (NamespaceKind::User, "users", "user"),
        };
        let found = accounts.suggest(kind, &self.q, self.limit() + self.exclude.len().min(SHOWN_MAX)).await?;
        let shown = found.iter().filter(|found| !self.excludes(plural, found.name.as_str()));
        Ok(shown.take(self.limit()).map(|found| person_view(name, found, public_url)).collect())
    }
}

fn quick_view(kind: RepoKind, repo: &ListedRepo, trending: f64) -> Value {
    let mut view = json!({ "id": repo.state.addr.repo_id() });
    if !matches!(kind, RepoKind::Kernel | RepoKind::Bucket) {
        view["trendingWeight"] = Value::from(trending);
    }
    if repo.state.visibility.is_hidden() {
        view["private"] = Value::Bool(true);
    }
    if kind == RepoKind::Space {
        view["emoji"] = Value::from(repo.facts.card_text("emoji").unwrap_or_default());
    }
    view
}

fn collection_view(collection: &Collection) -> Value {
    json!({ "_id": collection.id.wire(), "title": collection.title, "description": collection.description })
}

fn person_view(name: &str, found: &Namespace, public_url: &PublicUrl) -> Value {
    let mut view = json!({
        "_id": found.id.to_string(),
        "avatarUrl": public_url.join(&found.avatar_path()),
        "fullname": found.full_name.to_string(),
    });
    view[name] = Value::from(found.name.as_str());
    view
}

/// Of which kind, and how many.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct TrendingQuery {
    /// `all`, `model`, `dataset` or `space`.
    r#type: Option<String>,
    /// 1 to 20.
    limit: Option<usize>,
}

/// Repositories that draw attention.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TrendingView {
    recently_trending: Vec<Value>,
}

/// `GET /api/trending`
async fn trending(
    State(catalog): State<Catalog>,
    Caller(caller): Caller,
    Query(query): Query<TrendingQuery>,
) -> Answer<Json<TrendingView>> {
    let limit = query.limit.unwrap_or(10);
    if !(1..=SHOWN_MAX).contains(&limit) {
        return Err(ApiError::bad_request(format!("`limit` goes from 1 to {SHOWN_MAX}")).into());
    }
    let kinds = match query.r#type.as_deref() {
        None | Some("all") => vec![RepoKind::Model, RepoKind::Dataset, RepoKind::Space],
        Some("model") => vec![RepoKind::Model],
        Some("dataset") => vec![RepoKind::Dataset],
        Some("space") => vec![RepoKind::Space],
        Some(other) => {
            return Err(ApiError::bad_request(format!("`type` {other:?} is none of all, model, dataset, space")).into());
        }
    };
    let mut found = Vec::new();
    for kind in kinds {
        let search = Search { sort: Sort::Trending, limit, ..Search::default() };
        found.extend(catalog.find(&caller, kind, search).await?.repos);
    }
    // Each kind comes in its order; together they are ordered by the same score.
    found.sort_by_key(|repo| std::cmp::Reverse(repo.state.trending));
    found.truncate(limit);
    Ok(Json(TrendingView { recently_trending: found.iter().map(trending_view).collect() }))
}

fn trending_view(repo: &ListedRepo) -> Value {
    let state = &repo.state;
    let mut data = json!({
        "author": state.addr.namespace.as_str(),
        "id": state.addr.repo_id(),
        "isLikedByUser": false,
        "likes": state.likes,
        "private": state.visibility.is_hidden(),
        "repoType": state.addr.kind.word(),
        "downloads": state.downloads,
        "gated": gated_word(state.gating),
        "lastModified": state.modified.to_string(),
    });
    if let Some(task) = &repo.facts.pipeline_tag {
        data["pipeline_tag"] = Value::from(task.as_str());
    }
    for field in ["title", "emoji", "sdk"].into_iter().filter(|_| state.addr.kind == RepoKind::Space) {
        data[field] = Value::from(repo.facts.card_text(field).unwrap_or_default());
    }
    json!({ "repoType": state.addr.kind.word(), "repoData": data })
}
