//! `GET /api/search/full-text`: repositories by what their cards and programs say.

use axum::Json;
use axum::extract::State;
use hub_core::{NamespaceName, RepoKind};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, PublicUrl, Query, get};
use hub_search::{Hit, Piece, Search, Wanted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ApiState;
use crate::failure::Answer;

/// Hits of a page, unless asked otherwise.
const PAGE: usize = 20;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get("/api/search/full-text")
            .access(AccessClass::Read)
            .tag("search")
            .summary("Finds repositories by the words of their cards, and Spaces by those of their programs")
            .query::<TextQuery>()
            .answer::<HitsView>()
            .to(find),
    )
}

/// What is looked for.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
struct TextQuery {
    /// The words: all must be there, `"quoted"` ones side by side, those after a `-` nowhere.
    q: String,
    /// `model`, `dataset`, `space` or `kernel`; several may be asked for, none stands for all.
    r#type: Vec<String>,
    /// Only repositories of this person or organisation.
    author: Option<String>,
    /// 1 to 50.
    limit: Option<usize>,
    /// How many hits are passed over.
    skip: usize,
    /// Whether each hit says how its score came about.
    explain: bool,
}

/// An answer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HitsView {
    query: String,
    limit: usize,
    offset: usize,
    estimated_total_hits: usize,
    /// Whether nothing held the words as they were typed, and these hold nearly the same.
    is_approximate: bool,
    /// Whether every repository was looked at; not while the index is being built.
    is_complete: bool,
    hits: Vec<HitView>,
}

/// A repository that was found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HitView {
    r#type: &'static str,
    repo_id: String,
    repo_owner: String,
    repo_name: String,
    is_private: bool,
    tags: Vec<String>,
    likes: u64,
    updated_at: String,
    score: f32,
    /// The file that shows why it was found, if it is not the name or a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    url: String,
    formatted: FormattedView,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Value>,
}

/// The part of the file, with the words that were asked for told apart.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FormattedView {
    file_content: Vec<PieceView>,
}

/// A part of an excerpt.
#[derive(Serialize, JsonSchema)]
struct PieceView {
    text: String,
    /// `text` or `highlight`.
    r#type: &'static str,
}

/// `GET /api/search/full-text`
async fn find(
    State(search): State<Search>,
    Caller(caller): Caller,
    public_url: PublicUrl,
    Query(query): Query<TextQuery>,
) -> Answer<Json<HitsView>> {
    let wanted = query.parse()?;
    let found = search.find(&caller, &wanted).await?;
    Ok(Json(HitsView {
        query: wanted.text,
        limit: wanted.limit,
        offset: wanted.offset,
        estimated_total_hits: found.total,
        is_approximate: found.is_forgiving,
        is_complete: found.is_complete,
        hits: found.hits.into_iter().map(|hit| HitView::of(&public_url, hit)).collect(),
    }))
}

impl TextQuery {
    fn parse(self) -> Result<Wanted, ApiError> {
        let kind = |word: &String| {
            let known = RepoKind::from_word(word).filter(|kind| *kind != RepoKind::Bucket);
            let reason = || ApiError::bad_request(format!("`type` {word:?} is none of model, dataset, space, kernel"));
            known.ok_or_else(reason)
        };
        let author = |name: String| {
            let reason = || ApiError::bad_request(format!("`author` {name:?} is no name of a person or organisation"));
            name.parse::<NamespaceName>().map_err(|_| reason())
        };
        Ok(Wanted {
            kinds: self.r#type.iter().map(kind).collect::<Result<_, _>>()?,
            author: self.author.map(author).transpose()?,
            offset: self.skip,
            limit: self.limit.unwrap_or(PAGE),
            explain: self.explain,
            text: self.q,
        })
    }
}

impl HitView {
    fn of(public_url: &PublicUrl, hit: Hit) -> Self {
        let Hit { repo, score, file, excerpt, explanation } = hit;
        let (addr, page) = (&repo.state.addr, repo.state.addr.url_path());
        let place = file.as_ref().filter(|path| path.as_str() != "README.md");
        let url = match place {
            Some(path) => format!("/{page}/blob/main/{}", path.as_str()),
            None => format!("/{page}"),
        };
        Self {
            r#type: addr.kind.word(),
            repo_id: addr.repo_id(),
            repo_owner: addr.namespace.to_string(),
            repo_name: addr.name.to_string(),
            is_private: repo.state.visibility.is_hidden(),
            tags: repo.facts.tags.clone(),
            likes: repo.state.likes,
            updated_at: repo.state.modified.to_string(),
            score,
            file_name: file.map(|path| path.to_string()),
            url: public_url.join(&url),
            formatted: FormattedView { file_content: excerpt.into_iter().map(PieceView::of).collect() },
            explanation,
        }
    }
}

impl PieceView {
    fn of(piece: Piece) -> Self {
        Self { text: piece.text, r#type: if piece.is_match { "highlight" } else { "text" } }
    }
}
