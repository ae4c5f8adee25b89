//! What belongs to a repository: what it was made from, what was made from it, and who uses it. Relations are tags, so
//! the index counts them; only what the reader may know of is counted or named.

use hub_catalog::{Catalog, CatalogError, Clause, Group, Query, Sort};
use hub_core::{Access, RepoAddr, RepoKind};
use hub_repo::Facts;

use crate::address::escape_value;
use crate::repo_list::list_href;
use crate::visit::Visit;

/// The most repositories of a relation that are named.
const NAMED: usize = 5;
/// The most repositories named by a card that are looked up.
const LOOKED_UP: usize = 8;

/// Another repository that a card names.
pub(super) struct Related {
    pub(super) name: String,
    /// Where it is, if it is here and the reader may know of it.
    pub(super) href: Option<String>,
}

/// How many models were made from this one in one way.
pub(super) struct Children {
    pub(super) title: &'static str,
    pub(super) count: u64,
    pub(super) href: String,
}

/// Who uses it.
pub(super) struct Users {
    pub(super) title: &'static str,
    pub(super) count: u64,
    pub(super) href: String,
    pub(super) names: Vec<(String, String)>,
}

/// What belongs to a repository.
#[derive(Default)]
pub(super) struct Family {
    pub(super) bases: Vec<Related>,
    /// How it was made from them, in words.
    pub(super) relation: Option<&'static str>,
    pub(super) datasets: Vec<Related>,
    pub(super) children: Vec<Children>,
    pub(super) users: Vec<Users>,
}

impl Family {
    pub(super) fn has_tree(&self) -> bool {
        !self.bases.is_empty() || !self.children.is_empty() || !self.datasets.is_empty()
    }
}

/// The ways in which models are made from others, with the words for parents and for children.
const RELATIONS: [(&str, &str, &str); 4] = [
    ("finetune", "tree.finetune", "tree.finetunes"),
    ("adapter", "tree.adapter", "tree.adapters"),
    ("merge", "tree.merge", "tree.merges"),
    ("quantized", "tree.quantized", "tree.quantizations"),
];

/// Gathers the family of a repository.
pub(super) async fn of(
    catalog: &Catalog,
    visit: &Visit,
    addr: &RepoAddr,
    facts: &Facts,
) -> Result<Family, CatalogError> {
    let id = addr.repo_id();
    let mut family = Family::default();
    match addr.kind {
        RepoKind::Model => {
            family.bases = related(catalog, visit, RepoKind::Model, facts, "base_model").await;
            family.datasets = related(catalog, visit, RepoKind::Dataset, facts, "datasets").await;
            family.relation = relation(visit, facts);
            for (relation, _, title) in RELATIONS {
                let tag = format!("base_model:{relation}:{id}");
                let count = count(catalog, visit, RepoKind::Model, &tag).await?;
                let href = tagged(RepoKind::Model, &tag);
                family.children.extend((count > 0).then_some(Children { title: visit.words.get(title), count, href }));
            }
            family.users.extend(users(catalog, visit, RepoKind::Space, &format!("model:{id}"), "tree.spaces").await?);
        }
        RepoKind::Dataset => {
            let tag = format!("dataset:{id}");
            family.users.extend(users(catalog, visit, RepoKind::Model, &tag, "tree.models").await?);
            family.users.extend(users(catalog, visit, RepoKind::Space, &tag, "tree.spaces").await?);
        }
        RepoKind::Space => {
            family.bases = related(catalog, visit, RepoKind::Model, facts, "models").await;
            family.datasets = related(catalog, visit, RepoKind::Dataset, facts, "datasets").await;
        }
        RepoKind::Kernel | RepoKind::Bucket => {}
    }
    Ok(family)
}

/// How a model was made from its parents: the tags say it, after the card or what the files suggest.
fn relation(visit: &Visit, facts: &Facts) -> Option<&'static str> {
    let told = facts.tags.iter().filter_map(|tag| tag.strip_prefix("base_model:")?.split_once(':'));
    let word = told.map(|(relation, _)| relation).find(|word| RELATIONS.iter().any(|(known, ..)| known == word))?;
    RELATIONS.iter().find(|(known, ..)| *known == word).map(|(_, title, _)| visit.words.get(title))
}

fn tagged(kind: RepoKind, tag: &str) -> String {
    format!("{}?tag={}", list_href(kind), escape_value(tag))
}

async fn count(catalog: &Catalog, visit: &Visit, kind: RepoKind, tag: &str) -> Result<u64, CatalogError> {
    let query = Query { clauses: vec![Clause::has(Group::Tag, tag)], limit: 1, ..Query::default() };
    match catalog.find(&visit.caller, kind, query).await {
        Ok(found) => Ok(found.found.total),
        // The page is worth showing without.
        Err(CatalogError::NotBuilt) => Ok(0),
        Err(error) => Err(error),
    }
}

async fn users(
    catalog: &Catalog,
    visit: &Visit,
    kind: RepoKind,
    tag: &str,
    title: &'static str,
) -> Result<Option<Users>, CatalogError> {
    let clauses = vec![Clause::has(Group::Tag, tag)];
    let query = Query { clauses, sort: Sort::Downloads, limit: NAMED, ..Query::default() };
    let found = match catalog.find(&visit.caller, kind, query).await {
        Ok(found) => found,
        Err(CatalogError::NotBuilt) => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = |repo: &hub_repo::ListedRepo| (repo.state.addr.repo_id(), format!("/{}", repo.state.addr.url_path()));
    Ok((found.found.total > 0).then(|| Users {
        title: visit.words.get(title),
        count: found.found.total,
        href: tagged(kind, tag),
        names: found.repos.iter().map(name).collect(),
    }))
}

/// The repositories that a field of the card names; what is no address of a repository is passed over.
async fn related(catalog: &Catalog, visit: &Visit, kind: RepoKind, facts: &Facts, field: &str) -> Vec<Related> {
    let mut found = Vec::new();
    for name in facts.card_list(field).into_iter().take(LOOKED_UP) {
        let Some((namespace, short)) = name.split_once('/') else { continue };
        let (Ok(namespace), Ok(short)) = (namespace.parse(), short.parse()) else { continue };
        let addr = RepoAddr { kind, namespace, name: short };
        // Whether it is not here or hidden, the name stands without a link.
        let is_known = catalog.repos().open(&visit.caller, &addr, Access::Metadata).await.is_ok();
        found.push(Related { name, href: is_known.then(|| format!("/{}", addr.url_path())) });
    }
    found
}
