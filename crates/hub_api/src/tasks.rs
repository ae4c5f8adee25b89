//! `GET /api/tasks`: what models are for, with what there is for it here.
//!
//! Clients take the first of `widgetModels` as the model to try a task with.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use hub_account::Caller as Asking;
use hub_catalog::{Catalog, Clause, Group, Query};
use hub_core::RepoKind;
use hub_formats::vocabulary::{self, Task};
use hub_http::{AccessClass, ApiRouter, get};
use hub_repo::ListedRepo;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::ApiState;
use crate::failure::Answer;

/// Repositories of each kind that a task names.
const SHOWN: usize = 5;
/// Libraries that a task names.
const LIBRARIES: usize = 20;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        get("/api/tasks")
            .access(AccessClass::Public)
            .tag("search")
            .summary("Lists the tasks, each with the public models, datasets and Spaces that draw most attention")
            .answer::<HashMap<String, TaskView>>()
            .to(tasks),
    )
}

/// A task.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TaskView {
    id: &'static str,
    label: &'static str,
    summary: &'static str,
    /// What it works on: `text`, `multimodal`, `vision`, `audio`, `tabular`, `control` or `other`.
    modality: &'static str,
    libraries: Vec<String>,
    models: Vec<NamedView>,
    datasets: Vec<NamedView>,
    spaces: Vec<NamedView>,
    widget_models: Vec<String>,
    /// None is kept here.
    metrics: Vec<NamedView>,
    demo: Value,
}

/// A repository and what there is to say of it.
#[derive(Serialize, JsonSchema)]
struct NamedView {
    id: String,
    description: String,
}

/// `GET /api/tasks`
async fn tasks(State(catalog): State<Catalog>) -> Answer<Json<Map<String, Value>>> {
    let mut view = Map::new();
    for task in vocabulary::tasks().iter().filter(|task| task.id != "other") {
        let found = Found::of(&catalog, task).await?;
        view.insert(task.id.to_owned(), json!(found.view(task)));
    }
    Ok(Json(view))
}

/// What there is for a task.
struct Found {
    models: Vec<ListedRepo>,
    datasets: Vec<ListedRepo>,
    spaces: Vec<ListedRepo>,
    libraries: Vec<String>,
}

impl Found {
    async fn of(catalog: &Catalog, task: &Task) -> Answer<Self> {
        let query = |group| Query { clauses: vec![Clause::has(group, task.id)], limit: SHOWN, ..Query::default() };
        let with_libraries = Query { facets: vec![Group::Library], facet_terms: LIBRARIES, ..query(Group::Task) };
        let models = catalog.find(&Asking::Anonymous, RepoKind::Model, with_libraries).await?;
        let datasets = catalog.find(&Asking::Anonymous, RepoKind::Dataset, query(Group::Task)).await?.repos;
        let spaces = catalog.find(&Asking::Anonymous, RepoKind::Space, query(Group::Tag)).await?.repos;
        let counted = models.found.facets.into_iter().flat_map(|facet| facet.counts);
        let libraries = counted.map(|(library, _)| library.into_string()).collect();
        Ok(Self { models: models.repos, datasets, spaces, libraries })
    }

    fn view(self, task: &Task) -> TaskView {
        let named = |repos: &[ListedRepo]| repos.iter().map(NamedView::of).collect();
        TaskView {
            id: task.id,
            label: task.label,
            summary: task.summary,
            modality: task.modality.word(),
            libraries: self.libraries,
            widget_models: self.models.iter().take(1).map(|model| model.state.addr.repo_id()).collect(),
            models: named(&self.models),
            datasets: named(&self.datasets),
            spaces: named(&self.spaces),
            metrics: Vec::new(),
            demo: json!({ "inputs": [], "outputs": [] }),
        }
    }
}

impl NamedView {
    fn of(repo: &ListedRepo) -> Self {
        let facts = &repo.facts;
        let said = ["short_description", "description", "title"].into_iter().find_map(|field| facts.card_text(field));
        Self { id: repo.state.addr.repo_id(), description: said.unwrap_or_default().to_owned() }
    }
}
