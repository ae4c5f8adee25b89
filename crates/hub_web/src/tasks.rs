//! `/tasks`: what models are for, by what goes in and comes out; `/tasks/{task}`: what there is for one of them.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::Caller;
use hub_catalog::{Catalog, CatalogError, Clause, Found, Group, Query, Sort, Span};
use hub_core::{Code, RepoKind};
use hub_formats::vocabulary::{self, Modality, Task};
use hub_http::{AccessClass, ApiRouter, Path, get};

use crate::WebState;
use crate::address::escape_value;
use crate::catalog::{modality_title, title_of};
use crate::error::{Answer, PageError};
use crate::repo_list::{RepoLine, list_href, task_words};
use crate::shell::Shell;
use crate::visit::Visit;

/// Repositories of each kind that a task shows.
const SHOWN: usize = 8;
/// Libraries that a task names.
const LIBRARIES: usize = 12;
/// What counts as small: 8 GB of memory.
const SMALL_BYTES: i64 = 8_000_000_000;

pub(crate) fn routes() -> ApiRouter<WebState> {
    let get = |path: &str| get(path).access(AccessClass::Read).undocumented();
    ApiRouter::new().route(get("/tasks").to(list)).route(get("/tasks/{task}").to(page))
}

#[derive(Template)]
#[template(path = "tasks/list.html")]
struct TasksPage {
    shell: Shell,
    groups: Vec<TaskGroup>,
}

/// The tasks of a modality.
struct TaskGroup {
    title: &'static str,
    tasks: Vec<TaskLine>,
}

/// A task, with how much there is for it.
struct TaskLine {
    id: &'static str,
    name: String,
    about: String,
    models: u64,
    datasets: u64,
}

#[derive(Template)]
#[template(path = "tasks/page.html")]
struct TaskPage {
    shell: Shell,
    name: String,
    about: String,
    sections: Vec<Section>,
    /// Libraries that load its models: name, number of models, address of the list.
    libraries: Vec<(String, u64, String)>,
}

/// Repositories for the task.
struct Section {
    title: &'static str,
    icon: &'static str,
    total: u64,
    href: String,
    repos: Vec<RepoLine>,
}

/// `GET /tasks`
async fn list(visit: Visit, State(catalog): State<Catalog>) -> Answer {
    let models = counts(&catalog, &visit.caller, RepoKind::Model).await?;
    let datasets = counts(&catalog, &visit.caller, RepoKind::Dataset).await?;
    let line = |task: &Task| TaskLine {
        id: task.id,
        name: task_words(visit.words, task.id),
        about: about(&visit, task),
        models: models.get(task.id).copied().unwrap_or_default(),
        datasets: datasets.get(task.id).copied().unwrap_or_default(),
    };
    let group = |modality: Modality| TaskGroup {
        title: visit.words.get(modality_title(modality)),
        tasks: vocabulary::tasks().iter().filter(|task| task.modality == modality).map(line).collect(),
    };
    let groups = Modality::ALL.into_iter().map(group).collect();
    Ok(visit.page(StatusCode::OK, &TasksPage { shell: visit.shell("tasks"), groups }))
}

/// How many repositories there are for each task; none while the index is being built.
async fn counts(catalog: &Catalog, caller: &Caller, kind: RepoKind) -> Result<HashMap<String, u64>, CatalogError> {
    let all = vocabulary::tasks().len() * 4;
    let query = Query { facets: vec![Group::Task], facet_terms: all, limit: 1, ..Query::default() };
    let found = found(catalog, caller, kind, query).await?;
    let facets = found.into_iter().flat_map(|(_, found)| found.facets);
    Ok(facets.flat_map(|facet| facet.counts).map(|(task, count)| (task.to_string(), count)).collect())
}

async fn found(
    catalog: &Catalog,
    caller: &Caller,
    kind: RepoKind,
    query: Query,
) -> Result<Option<(Vec<hub_repo::ListedRepo>, Found)>, CatalogError> {
    match catalog.find(caller, kind, query).await {
        Ok(found) => Ok(Some((found.repos, found.found))),
        Err(CatalogError::NotBuilt) => Ok(None),
        Err(error) => Err(error),
    }
}

fn about(visit: &Visit, task: &Task) -> String {
    visit.words.find(&format!("task.{}.about", task.id)).unwrap_or(task.summary).to_owned()
}

/// `GET /tasks/{task}`
async fn page(visit: Visit, State(catalog): State<Catalog>, Path(id): Path<String>) -> Answer {
    let missing = || PageError::told(Code::NotFound, "there is no such task");
    let task = vocabulary::task(&id).ok_or_else(missing)?;
    let of_task =
        |sort| Query { clauses: vec![Clause::has(Group::Task, task.id)], sort, limit: SHOWN, ..Query::default() };
    let of_tag = Query { clauses: vec![Clause::has(Group::Tag, task.id)], limit: SHOWN, ..Query::default() };
    let small = Span { number: Sort::Memory, min: None, max: Some(SMALL_BYTES) };
    let with_libraries = Query { facets: vec![Group::Library], facet_terms: LIBRARIES, ..of_task(Sort::Trending) };
    let tag = escape_value(task.id);
    let mut libraries = Vec::new();
    let mut sections = Vec::new();
    let parts = [
        (RepoKind::Model, None, format!("tag={tag}"), with_libraries),
        (
            RepoKind::Model,
            Some("tasks.small"),
            format!("tag={tag}&memory=8&sort=downloads"),
            Query { spans: vec![small], ..of_task(Sort::Downloads) },
        ),
        (
            RepoKind::Dataset,
            None,
            format!("tag={}", escape_value(&format!("task_categories:{}", task.id))),
            of_task(Sort::Trending),
        ),
        (RepoKind::Space, None, format!("tag={tag}"), of_tag),
    ];
    for (kind, title, filter, query) in parts {
        let Some((repos, found)) = found(&catalog, &visit.caller, kind, query).await? else { continue };
        let named = found.facets.into_iter().flat_map(|facet| facet.counts);
        libraries.extend(named.map(|(library, count)| {
            let label = vocabulary::library(&library).unwrap_or(&library).to_owned();
            (label, count, format!("{}?tag={tag}&tag={}", list_href(kind), escape_value(&library)))
        }));
        if !repos.is_empty() {
            sections.push(Section {
                title: visit.words.get(title.unwrap_or(title_of(kind))),
                icon: kind.word(),
                total: found.total,
                href: format!("{}?{filter}", list_href(kind)),
                repos: repos.iter().map(|repo| RepoLine::of(visit.words, repo)).collect(),
            });
        }
    }
    let name = task_words(visit.words, task.id);
    let view = TaskPage { shell: visit.shell("tasks"), name, about: about(&visit, task), sections, libraries };
    Ok(visit.page(StatusCode::OK, &view))
}
