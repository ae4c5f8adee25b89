//! What a list can be narrowed by, with the number of hits behind each choice, as the index counts them.

use hub_catalog::{Found, Group, Sort, Span};
use hub_core::RepoKind;
use hub_formats::vocabulary::{self, Modality};

use super::bands::{Band, MEMORY, PARAMETERS};
use super::{CatalogQuery, span};
use crate::repo_list::task_words;
use crate::visit::Visit;

/// The most values of a group that are counted.
pub(super) const TERMS: usize = 60;
/// Of those, how many are seen before the reader asks for the rest.
const SEEN: usize = 8;
/// The groups that have a value for every other repository.
pub(super) const LONG_GROUPS: [Group; 2] = [Group::Base, Group::Dataset];

/// A heading with the facets below it.
pub(super) struct FacetGroup {
    pub(super) title: &'static str,
    /// How the group is meant.
    pub(super) about: Option<&'static str>,
    pub(super) is_open: bool,
    pub(super) facets: Vec<Facet>,
    /// What is seen only after a click.
    pub(super) more: Vec<Facet>,
}

/// One thing to filter by.
pub(super) struct Facet {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) count: u64,
    pub(super) is_chosen: bool,
}

/// The groups that the index counts for a kind.
pub(super) fn groups_of(kind: RepoKind) -> &'static [Group] {
    match kind {
        RepoKind::Model => {
            &[Group::Task, Group::Library, Group::Language, Group::License, Group::Format, Group::Quantization]
        }
        RepoKind::Dataset => {
            &[Group::Task, Group::Format, Group::Library, Group::Language, Group::License, Group::Size, Group::Modality]
        }
        RepoKind::Space => &[Group::Sdk, Group::License],
        RepoKind::Kernel => &[Group::License],
        RepoKind::Bucket => &[],
    }
}

/// The bands that are counted for models: parameters first, then memory.
pub(super) fn model_bands() -> Vec<Span> {
    let parameters = PARAMETERS.iter().map(|band| span(Sort::Parameters, band));
    parameters.chain(MEMORY.iter().map(|band| span(Sort::Memory, band))).collect()
}

/// A tag as people read it.
fn tag_words(visit: &Visit, tag: &str) -> String {
    let plain = tag.split_once(':').map_or(tag, |(_, value)| value);
    if vocabulary::task(plain).is_some() {
        return task_words(visit.words, plain);
    }
    let named = vocabulary::language(plain).map(|language| language.own).or_else(|| vocabulary::library(plain));
    named.unwrap_or(plain).to_owned()
}

/// What the list is filtered by, each with the way to take it away.
pub(super) fn chosen(visit: &Visit, kind: RepoKind, query: &CatalogQuery) -> Vec<Facet> {
    let taken =
        |text: String, without: CatalogQuery| Facet { text, href: without.address(kind), count: 0, is_chosen: true };
    let author = (!query.author.is_empty())
        .then(|| taken(query.author.clone(), CatalogQuery { author: String::new(), ..query.first() }));
    let tags =
        query.tag.iter().filter(|tag| !tag.is_empty()).map(|tag| taken(tag_words(visit, tag), query.toggled(tag)));
    let band = PARAMETERS.iter().find(|band| band.name == query.params);
    let band = band.map(|band| taken(band.shown.to_owned(), CatalogQuery { params: String::new(), ..query.first() }));
    let memory = MEMORY.iter().find(|band| band.name == query.memory).map(|band| {
        let text = visit.words.fill("facet.fits", &[&band.shown]);
        taken(text, CatalogQuery { memory: String::new(), ..query.first() })
    });
    author.into_iter().chain(tags).chain(band).chain(memory).collect()
}

/// The message that names a modality.
pub(crate) fn modality_title(modality: Modality) -> &'static str {
    match modality {
        Modality::Text => "modality.text",
        Modality::Multimodal => "modality.multimodal",
        Modality::Vision => "modality.vision",
        Modality::Audio => "modality.audio",
        Modality::Tabular => "modality.tabular",
        Modality::Control => "modality.control",
        Modality::Other => "modality.other",
    }
}

/// Makes the groups of one list.
struct Maker<'a> {
    visit: &'a Visit,
    kind: RepoKind,
    query: &'a CatalogQuery,
    found: &'a Found,
}

impl Maker<'_> {
    /// The counted values of a group, most first.
    fn counts(&self, group: Group) -> impl Iterator<Item = (&str, u64)> {
        let facet = self.found.facets.iter().find(|facet| facet.group == group);
        facet.into_iter().flat_map(|facet| facet.counts.iter().map(|(value, count)| (&**value, *count)))
    }

    fn facet(&self, tag: &str, count: u64) -> Facet {
        Facet {
            text: tag_words(self.visit, tag),
            href: self.query.toggled(tag).address(self.kind),
            count,
            is_chosen: self.query.tag.iter().any(|has| has == tag),
        }
    }

    /// A group of tags that begin alike.
    fn tags(&self, title: &'static str, group: Group, prefix: &str, is_open: bool) -> Option<FacetGroup> {
        let facets: Vec<Facet> =
            self.counts(group).map(|(value, count)| self.facet(&format!("{prefix}{value}"), count)).collect();
        self.group(title, facets, is_open)
    }

    /// A group, unless it would be empty.
    fn group(&self, title: &'static str, mut facets: Vec<Facet>, is_open: bool) -> Option<FacetGroup> {
        if facets.is_empty() {
            return None;
        }
        // What is chosen is seen, wherever it stands by its count.
        facets.sort_by_key(|facet| !facet.is_chosen);
        let is_open = is_open || facets[0].is_chosen;
        let more = if facets.len() > SEEN + 2 { facets.split_off(SEEN) } else { Vec::new() };
        Some(FacetGroup { title: self.visit.words.get(title), about: None, is_open, facets, more })
    }

    fn bands(
        &self,
        title: &'static str,
        bands: &[Band],
        counts: &[u64],
        of: impl Fn(&str) -> (CatalogQuery, bool),
    ) -> Option<FacetGroup> {
        let facet = |(band, count): (&Band, &u64)| {
            let (query, is_chosen) = of(band.name);
            Facet { text: band.shown.to_owned(), href: query.address(self.kind), count: *count, is_chosen }
        };
        let facets: Vec<Facet> =
            bands.iter().zip(counts).map(facet).filter(|facet| facet.count > 0 || facet.is_chosen).collect();
        let is_empty = facets.is_empty();
        let title = self.visit.words.get(title);
        (!is_empty).then_some(FacetGroup { title, about: None, is_open: true, facets, more: Vec::new() })
    }

    /// The tasks, below what goes in and comes out.
    fn tasks(&self, prefix: &str) -> Vec<FacetGroup> {
        let mut groups = Vec::new();
        for modality in Modality::ALL {
            let is_of = |id: &str| vocabulary::task(id).is_some_and(|task| task.modality == modality);
            let known = self.counts(Group::Task).filter(|(task, _)| is_of(task));
            let facets: Vec<Facet> = known.map(|(task, count)| self.facet(&format!("{prefix}{task}"), count)).collect();
            let is_first = groups.is_empty();
            groups.extend(self.group(modality_title(modality), facets, is_first));
        }
        groups
    }

    fn parameters(&self) -> Option<FacetGroup> {
        let counts = self.found.bands.get(..PARAMETERS.len()).unwrap_or_default();
        self.bands("facet.params", PARAMETERS, counts, |name| {
            let is_chosen = self.query.params == name;
            let params = if is_chosen { String::new() } else { name.to_owned() };
            (CatalogQuery { params, ..self.query.first() }, is_chosen)
        })
    }

    fn memory(&self) -> Option<FacetGroup> {
        let counts = self.found.bands.get(PARAMETERS.len()..).unwrap_or_default();
        let group = self.bands("facet.memory", MEMORY, counts, |name| {
            let is_chosen = self.query.memory == name;
            let memory = if is_chosen { String::new() } else { name.to_owned() };
            (CatalogQuery { memory, ..self.query.first() }, is_chosen)
        });
        group.map(|group| FacetGroup { about: Some(self.visit.words.get("facet.memory.about")), ..group })
    }
}

/// The groups of a list.
pub(super) fn groups(visit: &Visit, kind: RepoKind, query: &CatalogQuery, found: &Found) -> Vec<FacetGroup> {
    let maker = Maker { visit, kind, query, found };
    let tags = |title, group, prefix, is_open| maker.tags(title, group, prefix, is_open);
    let mut groups = Vec::new();
    match kind {
        RepoKind::Model => {
            groups.extend(maker.tasks(""));
            groups.extend(maker.parameters());
            groups.extend(maker.memory());
            groups.extend(tags("facet.library", Group::Library, "", true));
            groups.extend(tags("facet.format", Group::Format, "", true));
            groups.extend(tags("facet.quantization", Group::Quantization, "", false));
            groups.extend(tags("facet.license", Group::License, "license:", true));
            groups.extend(tags("facet.language", Group::Language, "", false));
            groups.extend(tags("facet.base", Group::Base, "base_model:", false));
            groups.extend(tags("facet.dataset", Group::Dataset, "dataset:", false));
        }
        RepoKind::Dataset => {
            groups.extend(maker.tasks("task_categories:"));
            groups.extend(tags("facet.modality", Group::Modality, "modality:", true));
            groups.extend(tags("facet.size", Group::Size, "size_categories:", true));
            groups.extend(tags("facet.format", Group::Format, "format:", true));
            groups.extend(tags("facet.library", Group::Library, "library:", false));
            groups.extend(tags("facet.license", Group::License, "license:", true));
            groups.extend(tags("facet.language", Group::Language, "language:", false));
        }
        RepoKind::Space => {
            groups.extend(tags("facet.sdk", Group::Sdk, "", true));
            groups.extend(tags("facet.license", Group::License, "license:", true));
        }
        RepoKind::Kernel => groups.extend(tags("facet.license", Group::License, "license:", true)),
        RepoKind::Bucket => {}
    }
    groups
}
