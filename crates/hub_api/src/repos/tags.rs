//! `GET /api/models-tags-by-type` and `GET /api/datasets-tags-by-type`: the tags in use, by what they are about.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use hub_account::Caller as Asking;
use hub_catalog::{Catalog, Group, Query};
use hub_core::RepoKind;
use hub_formats::vocabulary;
use hub_http::{AccessClass, ApiRouter, get};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ApiState;
use crate::failure::Answer;

/// The most tags that are listed, those of most repositories first.
const TAGS_MAX: usize = 20_000;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    let route = |kind: RepoKind| {
        get(format!("/api/{}-tags-by-type", kind.plural()))
            .access(AccessClass::Public)
            .tag("repositories")
            .summary(format!("Lists the tags that public {} have, by type", kind.plural()))
            .answer::<TagsView>()
    };
    ApiRouter::new().route(route(RepoKind::Model).to(model_tags)).route(route(RepoKind::Dataset).to(dataset_tags))
}

/// Tags by type.
type TagsView = BTreeMap<&'static str, Vec<TagView>>;

/// A tag as filters use it.
#[derive(Serialize, JsonSchema)]
struct TagView {
    id: String,
    label: String,
    r#type: &'static str,
}

/// `GET /api/models-tags-by-type`
async fn model_tags(State(catalog): State<Catalog>) -> Answer<Json<TagsView>> {
    tags_by_type(&catalog, RepoKind::Model).await.map(Json)
}

/// `GET /api/datasets-tags-by-type`
async fn dataset_tags(State(catalog): State<Catalog>) -> Answer<Json<TagsView>> {
    tags_by_type(&catalog, RepoKind::Dataset).await.map(Json)
}

async fn tags_by_type(catalog: &Catalog, kind: RepoKind) -> Answer<TagsView> {
    let facets = vec![Group::Tag, Group::Task, Group::Library];
    let query = Query { facets, facet_terms: TAGS_MAX, limit: 1, ..Query::default() };
    let found = catalog.find(&Asking::Anonymous, kind, query).await?.found;
    let words = |group: Group| {
        let facet = found.facets.iter().find(|facet| facet.group == group);
        facet
            .into_iter()
            .flat_map(|facet| &facet.counts)
            .map(|(word, _)| word.to_string())
            .collect::<BTreeSet<String>>()
    };
    let (tags, tasks, libraries) = (words(Group::Tag), words(Group::Task), words(Group::Library));
    let mut view = TagsView::new();
    for tag in tags {
        let r#type = type_of(&tag, &tasks, &libraries);
        let label = label_of(&tag, r#type).to_owned();
        view.entry(r#type).or_default().push(TagView { label, id: tag, r#type });
    }
    Ok(view)
}

/// The name of a tag: that of the vocabulary if there is one, else what stands behind its prefix.
fn label_of<'a>(tag: &'a str, r#type: &str) -> &'a str {
    let word = tag.strip_prefix(r#type).and_then(|rest| rest.strip_prefix(':')).unwrap_or(tag);
    let named = match r#type {
        "license" => vocabulary::license(word),
        "language" => vocabulary::language(word).map(|language| language.english),
        "library" => vocabulary::library(word),
        "pipeline_tag" | "task_categories" => vocabulary::task(word).map(|task| task.label),
        _ => None,
    };
    named.unwrap_or(word)
}

/// Tags say by their prefix what they are about; tasks and libraries are known from the repositories.
fn type_of(tag: &str, tasks: &BTreeSet<String>, libraries: &BTreeSet<String>) -> &'static str {
    const PREFIXED: [&str; 13] = [
        "license",
        "dataset",
        "language",
        "region",
        "arxiv",
        "doi",
        "base_model",
        "size_categories",
        "task_categories",
        "task_ids",
        "modality",
        "format",
        "library",
    ];
    let prefix = tag.split_once(':').map_or("", |(prefix, _)| prefix);
    if let Some(known) = PREFIXED.into_iter().find(|known| *known == prefix) {
        return known;
    }
    if tasks.contains(tag) {
        "pipeline_tag"
    } else if tag.len() == 2 && vocabulary::language(tag).is_some() {
        // Models say `fr` where datasets say `language:fr`.
        "language"
    } else if libraries.contains(tag) {
        "library"
    } else {
        "other"
    }
}
