//! The facts by which repositories are listed and loaded, derived from card and files.
//!
//! Clients filter lists by tags (`license:mit`, `safetensors`, `dataset:owner/name`) and pick their code by task and
//! library, so the words are those of the original hub. What the card says outweighs what the files suggest; what
//! neither says is absent, never guessed.

mod arxiv;
mod dataset;
mod model;
mod transformers;

use std::collections::HashSet;

use hub_core::RepoKind;
use serde_json::{Map, Value};

use crate::card::Card;

/// The files, all at the root, whose JSON [`derive`] wants to see.
pub const CONFIG_FILES: &[&str] = &["config.json", "tokenizer_config.json", "model_index.json", "adapter_config.json"];

/// More tags than this say nothing any more.
const TAGS_MAX: usize = 500;
/// No tag of meaning is longer.
const TAG_MAX_CHARS: usize = 200;

/// What facts are derived from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What the repository holds.
    pub kind: RepoKind,
    /// The whole README; empty if there is none.
    pub readme: &'a str,
    /// The metadata of that README.
    pub card: &'a Card,
    /// The paths of all files; those of which [`tells`] says no may be left out.
    pub files: &'a [&'a str],
    /// Those of [`CONFIG_FILES`] that are there and are JSON, by path.
    pub configs: &'a [(&'a str, Value)],
    /// Whether a conversation template is known from elsewhere, such as a GGUF header or `chat_template.jinja`.
    pub has_chat_template: bool,
}

impl<'a> Sources<'a> {
    fn config(&self, path: &str) -> Option<&'a Value> {
        self.configs.iter().find(|(known, _)| *known == path).map(|(_, value)| value)
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains(&path)
    }

    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.files.iter().any(|path| test(path))
    }
}

/// Facts for lists and loaders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derived {
    /// The tags, each once, in the order in which pages show them.
    pub tags: Vec<String>,
    /// The task of a model.
    pub pipeline_tag: Option<String>,
    /// The library that loads a model.
    pub library_name: Option<String>,
    /// What clients need to know of `config.json` and its kin, without the rest of them.
    pub config: Option<Value>,
    /// How transformers loads a model: `auto_model`, and `pipeline_tag`, `processor`, `custom_class` where known.
    pub transformers_info: Option<Value>,
    /// The token that stands for a gap.
    pub mask_token: Option<String>,
}

/// Whether it matters to [`derive`] that there is a file of this path, or what it holds. Most files of most repositories
/// do not matter, so a change of theirs spares the look at all the others.
pub fn tells(kind: RepoKind, path: &str) -> bool {
    let by_kind = match kind {
        RepoKind::Model => model::tells,
        RepoKind::Dataset => dataset::tells,
        RepoKind::Space | RepoKind::Kernel | RepoKind::Bucket => |_: &str| false,
    };
    path == "README.md" || by_kind(path)
}

/// Derives the facts of a repository. No input is refused; faulty parts yield nothing.
pub fn derive(sources: &Sources<'_>) -> Derived {
    let mut tags = Tags::default();
    let mut derived = match sources.kind {
        RepoKind::Model => model::derive(sources, &mut tags),
        RepoKind::Dataset => {
            dataset::derive(sources, &mut tags);
            Derived::default()
        }
        RepoKind::Space => {
            tags.extend("", sources.card.text("sdk"));
            tags.extend("", sources.card.texts("tags"));
            Derived::default()
        }
        RepoKind::Kernel => {
            tags.extend("", ["kernel"]);
            tags.extend("license:", sources.card.texts("license"));
            tags.extend("", sources.card.texts("tags"));
            Derived::default()
        }
        RepoKind::Bucket => Derived::default(),
    };
    tags.extend("", ["region:us"]);
    derived.tags = tags.list;
    derived
}

/// Tags in the order in which they were first said.
#[derive(Default)]
struct Tags {
    list: Vec<String>,
    known: HashSet<String>,
}

impl Tags {
    fn extend<'a>(&mut self, prefix: &str, words: impl IntoIterator<Item = &'a str>) {
        for word in words {
            let word = word.trim();
            let is_sound = !word.is_empty() && word.len() <= TAG_MAX_CHARS && !word.chars().any(char::is_control);
            if !is_sound || self.list.len() >= TAGS_MAX {
                continue;
            }
            let tag = format!("{prefix}{word}");
            if self.known.insert(tag.clone()) {
                self.list.push(tag);
            }
        }
    }

    fn has(&self, tag: &str) -> bool {
        self.known.contains(tag)
    }
}

/// The ending of a path: `gz` of `a.tar.gz`.
fn ending(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending)
}

/// Whether a path has this ending, in either case.
fn has_ending(path: &str, wanted: &str) -> bool {
    ending(path).is_some_and(|ending| ending.eq_ignore_ascii_case(wanted))
}

/// Copies the named fields that are there.
fn pick(from: &Map<String, Value>, fields: &[&str]) -> Map<String, Value> {
    fields.iter().filter_map(|field| from.get(*field).map(|value| ((*field).to_owned(), value.clone()))).collect()
}

#[cfg(test)]
mod tests;
