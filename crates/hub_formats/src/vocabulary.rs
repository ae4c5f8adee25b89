//! The closed vocabularies by which people and clients speak of repositories: tasks, libraries, licences, languages.
//!
//! Each is a table beside this file, a line an entry, columns parted by tabs, with the identifiers of the original hub.
//! The names of libraries and tasks are those of `@huggingface/tasks`; those of languages come from Unicode's CLDR.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What goes in and comes out of a task, roughly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Modality {
    /// Text alone.
    Text,
    /// Several of the others at once.
    Multimodal,
    /// Pictures, videos and shapes.
    Vision,
    /// Sound.
    Audio,
    /// Tables and series.
    Tabular,
    /// Acting in a world.
    Control,
    /// Anything else.
    Other,
}

impl Modality {
    /// All of them, in the order of pages.
    pub const ALL: [Modality; 7] = [
        Modality::Text,
        Modality::Multimodal,
        Modality::Vision,
        Modality::Audio,
        Modality::Tabular,
        Modality::Control,
        Modality::Other,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Multimodal => "multimodal",
            Self::Vision => "vision",
            Self::Audio => "audio",
            Self::Tabular => "tabular",
            Self::Control => "control",
            Self::Other => "other",
        }
    }
}

/// Something that a model can be for, and a dataset of use to.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The word in cards, such as `text-generation`.
    pub id: &'static str,
    /// What it works on.
    pub modality: Modality,
    /// Its name in English.
    pub label: &'static str,
    /// What it does, in a sentence of English.
    pub summary: &'static str,
}

/// A natural language.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// Its code by ISO 639-1, or by ISO 639-3 where that has none.
    pub code: &'static str,
    /// Its name in English.
    pub english: &'static str,
    /// Its name in itself.
    pub own: &'static str,
}

/// A word and its name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The word in cards and tags.
    pub id: &'static str,
    /// Its name.
    pub label: &'static str,
}

static TASKS: LazyLock<Vec<Task>> = LazyLock::new(|| {
    let task = |[id, modality, label, summary]: [&'static str; 4]| {
        let modality = Modality::ALL.into_iter().find(|known| known.word() == modality);
        Task { id, modality: modality.expect("the table names known modalities"), label, summary }
    };
    rows(include_str!("vocabulary/tasks.tsv")).map(task).collect()
});

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let language = |[code, english, own]: [&'static str; 3]| Language { code, english, own };
    rows(include_str!("vocabulary/languages.tsv")).map(language).collect()
});

static LIBRARIES: LazyLock<Vec<Named>> = LazyLock::new(|| named(include_str!("vocabulary/libraries.tsv")));
static LICENSES: LazyLock<Vec<Named>> = LazyLock::new(|| named(include_str!("vocabulary/licenses.tsv")));

static BY_CODE: LazyLock<HashMap<&'static str, Language>> =
    LazyLock::new(|| LANGUAGES.iter().map(|language| (language.code, *language)).collect());
static BY_LIBRARY: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| by_id(&LIBRARIES));
static BY_LICENSE: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| by_id(&LICENSES));

/// The tasks, those of one modality together.
pub fn tasks() -> &'static [Task] {
    &TASKS
}

/// The task with an id.
pub fn task(id: &str) -> Option<&'static Task> {
    TASKS.iter().find(|task| task.id == id)
}

/// The languages, by code.
pub fn language(code: &str) -> Option<Language> {
    BY_CODE.get(code).copied()
}

/// The libraries that load models.
pub fn libraries() -> &'static [Named] {
    &LIBRARIES
}

/// The name of a library.
pub fn library(id: &str) -> Option<&'static str> {
    BY_LIBRARY.get(id).copied()
}

/// The licences that cards name by an id.
pub fn licenses() -> &'static [Named] {
    &LICENSES
}

/// The name of a licence.
pub fn license(id: &str) -> Option<&'static str> {
    BY_LICENSE.get(id).copied()
}

fn named(table: &'static str) -> Vec<Named> {
    rows(table).map(|[id, label]| Named { id, label }).collect()
}

fn by_id(all: &[Named]) -> HashMap<&'static str, &'static str> {
    all.iter().map(|Named { id, label }| (*id, *label)).collect()
}

/// The lines of a table, cut at its tabs.
fn rows<const COLUMNS: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; COLUMNS]> {
    table.lines().map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        cells.try_into().unwrap_or_else(|_| panic!("a line of a vocabulary has {COLUMNS} columns: {line:?}"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::card::lists;

    #[test]
    fn the_tables_are_those_that_cards_are_held_against() {
        let sorted = |words: &[&'static str]| words.iter().copied().collect::<BTreeSet<_>>();
        let ids: Vec<&str> = tasks().iter().map(|task| task.id).collect();
        assert_eq!(sorted(&ids), sorted(lists::TASKS));
        assert_eq!(ids.len(), lists::TASKS.len());
        let ids: Vec<&str> = licenses().iter().map(|license| license.id).collect();
        assert_eq!(sorted(&ids), sorted(lists::LICENSES));
    }

    #[test]
    fn tasks_of_a_modality_stand_together() {
        let mut seen: Vec<Modality> = Vec::new();
        for task in tasks() {
            if seen.last() != Some(&task.modality) {
                assert!(!seen.contains(&task.modality), "{}", task.id);
                seen.push(task.modality);
            }
            assert!(!task.label.is_empty() && task.summary.ends_with('.'), "{}", task.id);
        }
        assert_eq!(seen, Modality::ALL);
    }

    #[test]
    fn words_have_names() {
        assert_eq!(license("mit"), Some("MIT"));
        assert_eq!(library("sklearn"), Some("Scikit-learn"));
        assert_eq!(language("de").map(|language| (language.english, language.own)), Some(("German", "Deutsch")));
        assert_eq!(task("text-to-speech").map(|task| task.modality), Some(Modality::Audio));
        assert!(libraries().len() > 200 && task("chess").is_none() && language("xx").is_none());
    }
}
