//! `GET /{namespace}/{name}` and its like for the other kinds: the card, the facts beside it, how to use it.

mod app;
mod family;
mod preview;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use hub_account::wire_id;
use hub_catalog::{Catalog, memory_of};
use hub_community::{Community, Watched};
use hub_core::{Access, CommitId, RepoKind, Revision, Timestamp};
use hub_formats::card::Card;
use hub_http::{AccessClass, Addr, ApiRouter, Query};
use hub_repo::{Facts, FileContent, Repo, RepoError};
use serde::Deserialize;
use serde_json::Value;

use super::access::Gate;
use super::chart::Chart;
use super::rendered;
use super::snippets::{self, Snippet};
use super::{Opened, RepoHead, for_each_kind, get, refuse_api, resolve};
use crate::WebState;
use crate::address::escape_value;
use crate::apps::AppOrigin;
use crate::error::{Answer, PageError};
use crate::highlight;
use crate::markdown::{self, Place, Rendered, SafeHtml};
use crate::pieces::PieceView;
use crate::repo_list::{list_href, task_words};
use crate::shell::Shell;
use crate::visit::Visit;

use app::AppView;
use family::Family;
use preview::Preview;

/// A card above this size is not shown.
const CARD_MAX: u64 = 1 << 20;
/// The days of the downloads chart.
const CHART_DAYS: usize = 60;
/// The most files at the root that are looked at.
const ROOT_MAX: usize = 500;
/// The most articles that are shown.
const ARTICLES: usize = 3;
/// The most tags that are shown.
const TAGS_MAX: usize = 40;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "", |path| get(AccessClass::Read, path).to(show))
}

#[derive(Template)]
#[template(path = "repo/card/page.html")]
struct CardPage {
    shell: Shell,
    head: RepoHead,
    card: Option<Arc<Rendered>>,
    app: AppView,
    preview: Option<Preview>,
    gate: Option<Gate>,
    is_liked: bool,
    is_watched: bool,
    watch_id: String,
    tags: Vec<TagLink>,
    downloads: u64,
    downloads_all: u64,
    chart: Chart,
    parameters: Option<u64>,
    /// The memory that it takes to run, about.
    memory: Option<u64>,
    tensor_types: Vec<TensorType>,
    gguf: Vec<(&'static str, String)>,
    family: Family,
    /// What was written about it, or by its owner.
    articles: Vec<PieceView>,
    /// The heading of the snippets.
    use_it: &'static str,
    snippets: Vec<ShownSnippet>,
    modified: Timestamp,
    created: Timestamp,
    used_bytes: u64,
    add_card: Option<String>,
}

/// Which of the tables of a dataset is looked at.
#[derive(Deserialize, Default)]
#[serde(default)]
struct CardQuery {
    file: String,
}

/// A tag and the list of what carries it.
struct TagLink {
    text: String,
    href: String,
}

/// The share of a number format in the parameters.
struct TensorType {
    name: String,
    count: u64,
    /// Of a hundred.
    share: u64,
}

/// A snippet with its colours.
struct ShownSnippet {
    title: &'static str,
    html: SafeHtml,
}

/// `GET /{namespace}/{name}`
async fn show(
    visit: Visit,
    State(catalog): State<Catalog>,
    State(origin): State<AppOrigin>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Query(query): Query<CardQuery>,
    uri: Uri,
) -> Answer {
    refuse_api(&addr, &uri)?;
    let opened = Opened::open(catalog.repos(), &visit, &addr, Access::Metadata).await?;
    let repo = &opened.repo;
    let commit = resolve(repo, &Revision::main()).await?;
    let facts = match commit {
        Some(commit) => repo.facts(commit).await?,
        None => Facts::default(),
    };
    let card = match commit.filter(|_| opened.can(Access::Read)) {
        Some(commit) => read_card(repo, commit).await?,
        None => None,
    };
    let (app, preview) = match commit.filter(|_| opened.can(Access::Read)) {
        Some(commit) if addr.kind == RepoKind::Dataset => {
            (AppView::None, preview::of(repo, commit, &query.file).await?)
        }
        Some(_) => (app::of(&visit, &origin, repo, &facts).await?, None),
        None => (AppView::None, None),
    };
    let family = family::of(&catalog, &visit, repo.addr(), &facts).await?;
    let weights = match commit.filter(|_| opened.can(Access::Read) && facts.gguf.is_some()) {
        Some(commit) => first_gguf(repo, commit).await?,
        None => None,
    };
    let days = repo.downloads_by_day(CHART_DAYS).await?;
    let state = repo.state();
    let head = opened.head("card");
    let recent = visit.words.number(state.downloads);
    let gate = match opened.can(Access::Read) {
        true => None,
        false => Some(Gate::of(repo, &facts).await?),
    };
    let about = community.articles_about(&visit.caller, repo.id(), state.owner, ARTICLES).await?;
    let articles = PieceView::all_of(&visit, &community, &about).await?;
    let is_liked = community.likes(repo).await?;
    let is_watched = community.is_watching(&visit.caller, Watched::Repo(repo.id())).await?;
    let view = CardPage {
        chart: Chart::of_days(&days, &visit.words.fill("repo.chart", &[&recent])),
        gate,
        is_liked,
        is_watched,
        watch_id: wire_id(repo.id().key()),
        tags: tags(&visit, repo.addr().kind, &facts),
        downloads: state.downloads,
        downloads_all: state.downloads_all,
        parameters: facts.parameters.filter(|count| *count > 0),
        memory: facts.parameters.filter(|count| *count > 0).map(|count| memory_of(count, &facts.tags)),
        tensor_types: tensor_types(&facts),
        gguf: gguf_facts(&visit, &facts),
        family,
        articles,
        use_it: visit.words.get(match addr.kind {
            RepoKind::Model => "repo.use.model",
            RepoKind::Dataset => "repo.use.dataset",
            RepoKind::Space | RepoKind::Kernel | RepoKind::Bucket => "repo.use",
        }),
        snippets: snippets::of(repo.addr(), &facts, weights.as_deref(), visit.url.as_str())
            .into_iter()
            .map(shown)
            .collect(),
        modified: state.modified,
        created: state.created,
        used_bytes: state.used_bytes,
        add_card: (card.is_none() && head.can_write).then(|| {
            // A card of metadata alone is a file already.
            match facts.card_data.is_some() {
                true => head.urls.at("edit", "main", "README.md"),
                false => format!("{}?name=README.md", head.urls.at("new", "main", "")),
            }
        }),
        card,
        shell: visit.shell(repo.addr().kind.plural()),
        app,
        preview,
        head,
    };
    let framed = match &view.app {
        AppView::Frame(frame) => Some(frame.origin.as_str()),
        AppView::Closed(_) | AppView::None => None,
    };
    Ok(visit.page_with_frame(StatusCode::OK, &view, framed))
}

/// The first file that local apps load.
async fn first_gguf(repo: &Repo, commit: CommitId) -> Result<Option<String>, PageError> {
    let page = repo.list_tree(commit, None, false, None, ROOT_MAX).await?;
    Ok(page.entries.into_iter().map(|entry| entry.path).find(|path| path.to_ascii_lowercase().ends_with(".gguf")))
}

fn shown(snippet: Snippet) -> ShownSnippet {
    let html = SafeHtml::of_code(highlight::to_html(snippet.language, &snippet.code));
    ShownSnippet { title: snippet.title, html }
}

fn tags(visit: &Visit, kind: RepoKind, facts: &Facts) -> Vec<TagLink> {
    let link = |tag: &String| {
        let plain = tag.split_once(':').map_or(tag.as_str(), |(_, value)| value);
        let is_task = facts.pipeline_tag.as_ref() == Some(tag);
        TagLink {
            text: if is_task { task_words(visit.words, tag) } else { plain.to_owned() },
            href: match tag.strip_prefix("arxiv:") {
                Some(paper) => format!("/papers/{}", escape_value(paper)),
                None => format!("{}?tag={}", list_href(kind), escape_value(tag)),
            },
        }
    };
    let is_shown = |tag: &&String| !tag.starts_with("region:") && !tag.starts_with("base_model:");
    facts.tags.iter().filter(is_shown).take(TAGS_MAX).map(link).collect()
}

fn tensor_types(facts: &Facts) -> Vec<TensorType> {
    let counts = facts.safetensors.as_ref().and_then(|value| value.get("parameters")?.as_object().cloned());
    let counts: Vec<(String, u64)> =
        counts.into_iter().flatten().filter_map(|(name, count)| Some((name, count.as_u64()?))).collect();
    let total = counts.iter().map(|(_, count)| *count).fold(0_u64, u64::saturating_add).max(1);
    let share = |count: u64| (count as f64 / total as f64 * 100.0).round() as u64;
    let mut types: Vec<TensorType> =
        counts.into_iter().map(|(name, count)| TensorType { share: share(count), name, count }).collect();
    types.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    // A handful of indices among millions of weights says nothing.
    types.retain(|kind| kind.share > 0);
    types
}

fn gguf_facts(visit: &Visit, facts: &Facts) -> Vec<(&'static str, String)> {
    let Some(gguf) = &facts.gguf else { return Vec::new() };
    let shown = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| visit.words.number(number)),
        _ => None,
    };
    let wanted = [("architecture", "repo.architecture"), ("context_length", "repo.context")];
    let found = wanted.iter().filter_map(|(field, key)| Some((visit.words.get(key), shown(gguf.get(*field)?)?)));
    found.collect()
}

/// The README without its metadata; nothing where there is none, or one too large to be read by anybody.
async fn read_card(repo: &Repo, commit: CommitId) -> Result<Option<Arc<Rendered>>, PageError> {
    let path = "README.md".parse().expect("a literal path is valid");
    match repo.file(commit, &path).await {
        Ok(file) => render_card(repo, &file, "main").await,
        Err(RepoError::EntryNotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A Markdown file as HTML; nothing for one that is empty or too large to be read by anybody.
pub(super) async fn render_card(
    repo: &Repo,
    file: &FileContent,
    revision: &str,
) -> Result<Option<Arc<Rendered>>, PageError> {
    if file.size > CARD_MAX {
        return Ok(None);
    }
    let place = Place::of_file(repo.addr(), revision, &file.path);
    let key = place.key();
    let rendered = match rendered::find(file.oid, &key) {
        Some(rendered) => rendered,
        None => {
            let bytes = repo.read_small(file, CARD_MAX).await?;
            // Away from the threads that serve requests: a card is text that strangers wrote.
            let made = tokio::task::spawn_blocking(move || render(&String::from_utf8_lossy(&bytes), &place)).await;
            let made = Arc::new(made.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))?);
            rendered::keep(file.oid, &key, made.clone());
            made
        }
    };
    Ok(Some(rendered).filter(|rendered| !rendered.is_empty()))
}

fn render(text: &str, place: &Place) -> Rendered {
    let body = Card::parse_or_default(text).body_offset;
    match text.get(body..).map(str::trim) {
        Some(body) if !body.is_empty() => markdown::render(body, place),
        _ => Rendered::default(),
    }
}
