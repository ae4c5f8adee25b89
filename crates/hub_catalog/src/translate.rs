//! Between the engine's words and the index's: rows to entries, list queries to queries.

use hub_core::RepoKind;
use hub_repo::{Gating, ListCursor, ListQuery, SortKey, Surveyed};

use crate::entry::{Entry, Group, MISSING, Sort, Term};
use crate::languages;
use crate::memory::{QUANTIZATIONS, memory_of};
use crate::query::{Clause, Place, Query, Span};

/// Tags that name a format of files.
const FORMATS: &[&str] = &[
    "safetensors",
    "gguf",
    "onnx",
    "pytorch",
    "openvino",
    "mlx",
    "tf",
    "jax",
    "coreml",
    "tflite",
    "parquet",
    "csv",
    "json",
];
/// Tags that name what runs a Space.
const SDKS: &[&str] = &["gradio", "docker", "static", "streamlit"];

/// What the index holds of a repository.
pub(crate) fn entry_of(row: Surveyed) -> Entry {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let numbers = [
        row.created.millis(),
        row.modified.millis(),
        count(row.downloads),
        count(row.likes),
        row.trending,
        row.parameters.map_or(MISSING, count),
        count(row.used_bytes),
        row.parameters.filter(|count| *count > 0).map_or(MISSING, |all| count(memory_of(all, &row.tags))),
    ];
    Entry {
        id: row.id.key(),
        owner: row.owner.key(),
        public: !row.is_hidden,
        numbers,
        terms: terms_of(&row),
        name: row.name,
    }
}

fn terms_of(row: &Surveyed) -> Vec<Term> {
    let author = row.name.split('/').next().unwrap_or_default();
    let mut terms = vec![Term::new(Group::Author, author)];
    let mut add = |group, value: &str| terms.push(Term::new(group, value));
    if row.gating != Gating::Open {
        add(Group::Gated, "yes");
    }
    if let Some(task) = &row.task {
        add(Group::Task, task);
    }
    if let Some(library) = &row.library {
        add(Group::Library, library);
    }
    for tag in &row.tags {
        add(Group::Tag, tag);
        match tag.split_once(':') {
            Some(("license", license)) => add(Group::License, license),
            Some(("language", language)) => add(Group::Language, language),
            Some(("task_categories", task)) => add(Group::Task, task),
            Some(("format", format)) => add(Group::Format, format),
            Some(("library", library)) => add(Group::Library, library),
            Some(("size_categories", size)) => add(Group::Size, size),
            Some(("modality", modality)) => add(Group::Modality, modality),
            Some(("region", region)) => add(Group::Region, region),
            Some(("dataset", dataset)) if row.kind == RepoKind::Model => add(Group::Dataset, dataset),
            // The relation comes in a tag of its own: `base_model:finetune:owner/name`.
            Some(("base_model", base)) if !base.contains(':') => add(Group::Base, base),
            _ if row.kind == RepoKind::Space && SDKS.contains(&tag.as_str()) => add(Group::Sdk, tag),
            _ if FORMATS.contains(&tag.as_str()) => add(Group::Format, tag),
            _ if row.kind == RepoKind::Model && QUANTIZATIONS.contains(&tag.as_str()) => add(Group::Quantization, tag),
            // Datasets say `language:fr`, models only `fr`.
            _ if row.kind == RepoKind::Model && languages::is_code(tag) => add(Group::Language, tag),
            _ => {}
        }
    }
    if row.kind == RepoKind::Space {
        if !row.models.is_empty() || !row.datasets.is_empty() {
            terms.push(Term::new(Group::Uses, "yes"));
        }
        // What a Space uses is found by the words by which models name their datasets.
        terms.extend(row.models.iter().map(|model| Term::new(Group::Tag, format!("model:{model}"))));
        terms.extend(row.datasets.iter().map(|dataset| Term::new(Group::Tag, format!("dataset:{dataset}"))));
    }
    terms.sort();
    terms.dedup();
    terms
}

/// The query that gives what the database would give.
pub(crate) fn query_of(query: &ListQuery) -> Query {
    let mut clauses: Vec<Clause> = query.tags.iter().map(|tag| Clause::has(Group::Tag, tag.as_str())).collect();
    clauses.extend(query.author.as_deref().map(|author| Clause::has(Group::Author, author.to_ascii_lowercase())));
    clauses.extend(query.gated.map(|gated| Clause { negated: !gated, ..Clause::has(Group::Gated, "yes") }));
    let bound = |bound: Option<u64>| bound.map(|bound| i64::try_from(bound).unwrap_or(i64::MAX));
    let (min, max) = (bound(query.parameters_min), bound(query.parameters_max));
    let spans = (min.is_some() || max.is_some()).then_some(Span { number: Sort::Parameters, min, max });
    Query {
        clauses,
        texts: query.search.clone(),
        forgiving: false,
        best: false,
        spans: spans.into_iter().collect(),
        sort: match query.sort {
            SortKey::Created => Sort::Created,
            SortKey::Modified => Sort::Modified,
            SortKey::Downloads => Sort::Downloads,
            SortKey::Likes => Sort::Likes,
            SortKey::Trending => Sort::Trending,
        },
        ascending: query.ascending,
        after: query.after.map(|cursor| {
            let (number, id) = cursor.parts();
            Place { number, id }
        }),
        limit: query.limit,
        facets: Vec::new(),
        facet_terms: 0,
        bands: Vec::new(),
    }
}

/// The same question to the database, if it can be asked there.
pub(crate) fn list_query_of(kind: RepoKind, query: &Query) -> Option<ListQuery> {
    let mut list = ListQuery {
        search: query.texts.clone(),
        ascending: query.ascending,
        after: query.after.map(cursor_of),
        limit: query.limit,
        sort: match query.sort {
            Sort::Created => SortKey::Created,
            Sort::Modified => SortKey::Modified,
            Sort::Downloads => SortKey::Downloads,
            Sort::Likes => SortKey::Likes,
            Sort::Trending => SortKey::Trending,
            Sort::Parameters | Sort::Bytes | Sort::Memory => return None,
        },
        ..ListQuery::of(kind)
    };
    for clause in &query.clauses {
        let [term] = &clause.terms[..] else { return None };
        match term.group {
            Group::Gated => list.gated = Some(!clause.negated),
            _ if clause.negated => return None,
            Group::Tag => list.tags.push(term.value.to_string()),
            Group::Author if list.author.is_none() => list.author = Some(term.value.to_string()),
            _ => return None,
        }
    }
    for span in &query.spans {
        if span.number != Sort::Parameters {
            return None;
        }
        list.parameters_min = span.min.map(i64::unsigned_abs);
        list.parameters_max = span.max.map(i64::unsigned_abs);
    }
    let wants_more = !query.facets.is_empty() || !query.bands.is_empty() || query.forgiving || query.best;
    (!wants_more).then_some(list)
}

/// A place as the engine's cursor: pages may come from the index and the database in turn.
pub(crate) fn cursor_of(place: Place) -> ListCursor {
    ListCursor::of_parts(place.number, place.id)
}
