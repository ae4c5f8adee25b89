//! One repository in full: its name, tags, facts and card.

use std::collections::HashSet;

use hub_core::RepoKind;
use serde_json::{Map, Value, json};

use crate::parameters::Words;
use crate::random::{Dice, Stream, Weighted};
use crate::universe::{NONE, Relation, Universe};
use crate::words::{self, Prose};

/// A repository as it is written into the database.
pub(crate) struct Described {
    pub(crate) kind: RepoKind,
    pub(crate) owner: u32,
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    pub(crate) facts: Value,
    pub(crate) parameters: Option<u64>,
    pub(crate) used_bytes: u64,
    pub(crate) gated: &'static str,
    pub(crate) is_private: bool,
    pub(crate) has_card: bool,
    pub(crate) trending: i64,
}

/// All names, and the laws by which the rest is drawn.
pub(crate) struct Describer<'a> {
    pub(crate) universe: &'a Universe,
    names: String,
    ends: Vec<u32>,
    free: Weighted,
    other_languages: Weighted,
    vocabulary: Vec<String>,
    sdks: (Words, Weighted),
    sizes: (Words, Weighted),
    formats: (Words, Weighted),
    modalities: (Words, Weighted),
    prose: Prose,
    numbers: Numbers,
}

struct Numbers {
    languages_more: f64,
    english: f64,
    dataset_link: f64,
    card: [f64; 3],
    template: f64,
    length: (f64, f64),
    private: f64,
    gated: f64,
    trending: f64,
    free_most: f64,
    dataset_license: f64,
    dataset_task: f64,
    space_model: f64,
}

impl<'a> Describer<'a> {
    pub(crate) fn new(universe: &'a Universe) -> anyhow::Result<Self> {
        let parameters = &universe.parameters;
        let number = |table, name| parameters.number(table, name);
        let drawn = |table, name| {
            let words = parameters.words(table, name)?;
            let law = Weighted::new(words.weights.iter().copied());
            Ok::<_, anyhow::Error>((words, law))
        };
        let numbers = Numbers {
            languages_more: 1.0 - 1.0 / number("declared", "languages_mean")?,
            english: number("declared", "english")?,
            dataset_link: number("declared", "dataset_link")?,
            card: [number("card", "models")?, number("card", "models_with_parent")?, number("card", "datasets")?],
            template: number("card", "template")?,
            length: (number("card_length", "median_chars")?, number("card_length", "sigma")?),
            private: number("rest", "private_share")?,
            gated: number("rest", "gated_share")?,
            trending: number("rest", "trending_share")?,
            free_most: number("rest", "free_tags_most")?,
            dataset_license: number("datasets", "license")?,
            dataset_task: number("datasets", "task_declared")?,
            space_model: number("spaces", "links_model")?,
        };
        let mut describer = Self {
            universe,
            names: String::new(),
            ends: Vec::with_capacity(universe.repositories()),
            other_languages: Weighted::new(universe.languages.weights.iter().skip(1).copied()),
            free: Weighted::by_rank(words::VOCABULARY, 1.0, 4.0),
            vocabulary: (0..words::VOCABULARY).map(words::word).collect(),
            sdks: drawn("spaces", "sdk")?,
            sizes: drawn("datasets", "size_categories")?,
            formats: drawn("datasets", "format")?,
            modalities: drawn("datasets", "modality")?,
            prose: Prose::new(),
            numbers,
        };
        describer.name_all();
        Ok(describer)
    }

    /// Names are made first, because those of children and links contain others.
    fn name_all(&mut self) {
        let universe = self.universe;
        let vocabulary = Weighted::by_rank(2000, 0.9, 2.0);
        let mut taken: HashSet<(u8, u32, String)> = HashSet::new();
        for repository in 0..universe.repositories() {
            let (kind, mut name) = match universe.models.get(repository) {
                Some(model) => {
                    let parent = if model.parent == NONE { "" } else { self.name(model.parent as usize) };
                    (0, words::model(universe, repository, model, parent))
                }
                None => {
                    let is_space = repository >= universe.models.len() + universe.datasets;
                    (1 + u8::from(is_space), words::other(universe, repository, is_space, &vocabulary))
                }
            };
            let owner = universe.owners[repository];
            if taken.contains(&(kind, owner, name.to_ascii_lowercase())) {
                name = format!("{name}-{repository}");
            }
            taken.insert((kind, owner, name.to_ascii_lowercase()));
            self.names.push_str(&name);
            self.ends.push(self.names.len() as u32);
        }
    }

    pub(crate) fn name(&self, repository: usize) -> &str {
        let start = repository.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.names[start..self.ends[repository] as usize]
    }

    pub(crate) fn id(&self, repository: usize) -> String {
        format!("{}/{}", words::owner(self.universe, self.universe.owners[repository] as usize), self.name(repository))
    }

    pub(crate) fn describe(&self, repository: usize) -> Described {
        let universe = self.universe;
        let mut dice = universe.dice(Stream::Words, repository);
        let popularity = universe.popularity[repository];
        let mut draft = Draft::default();
        let (kind, parameters) = if let Some(model) = universe.models.get(repository) {
            self.model(repository, &mut dice, &mut draft);
            (RepoKind::Model, (model.parameters > 0).then_some(model.parameters))
        } else if repository < universe.models.len() + universe.datasets {
            self.dataset(&mut dice, &mut draft);
            (RepoKind::Dataset, None)
        } else {
            self.space(repository, &mut dice, &mut draft);
            (RepoKind::Space, None)
        };
        let free: Vec<String> = (0..dice.below(self.numbers.free_most as usize + 1))
            .map(|_| self.vocabulary[self.free.draw(&mut dice)].clone())
            .collect();
        draft.card_list("tags", &free);
        free.into_iter().for_each(|tag| draft.tag(tag));
        draft.tag("region:us".to_owned());
        let has_parent = universe.models.get(repository).is_some_and(|model| model.parent != NONE);
        let has_card = match kind {
            RepoKind::Model if has_parent => dice.chance(self.numbers.card[1]),
            // So that the share over all models comes out right.
            RepoKind::Model => dice.chance((self.numbers.card[0] - 0.309 * self.numbers.card[1]) / 0.691),
            RepoKind::Dataset => dice.chance(self.numbers.card[2]),
            _ => true,
        };
        let mut facts = Map::new();
        if !draft.card.is_empty() {
            facts.insert("card_data".to_owned(), Value::Object(draft.card));
        }
        facts.insert("tags".to_owned(), json!(draft.tags));
        facts.extend(draft.facts);
        let trending = if dice.chance(self.numbers.trending) && popularity.likes + popularity.downloads_30 > 0 {
            (1.0 + (popularity.likes as f64).sqrt() * (dice.gauss() * 0.7).exp()) as i64
        } else {
            0
        };
        let used =
            parameters.map_or_else(|| (8e6 * (1.6 * dice.gauss()).exp()) as u64, |count| count.saturating_mul(2));
        Described {
            kind,
            owner: universe.owners[repository],
            name: self.name(repository).to_owned(),
            tags: draft.tags,
            facts: Value::Object(facts),
            parameters,
            used_bytes: used,
            gated: if kind != RepoKind::Space && dice.chance(self.numbers.gated) { "auto" } else { "" },
            is_private: dice.chance(self.numbers.private),
            has_card,
            trending,
        }
    }

    fn model(&self, repository: usize, dice: &mut Dice, draft: &mut Draft) {
        let universe = self.universe;
        let model = &universe.models[repository];
        let library = universe.libraries.words.get(model.library as usize);
        if let Some(library) = library {
            draft.tag(library.clone());
            draft.facts.insert("library_name".to_owned(), json!(library));
            draft.card.insert("library_name".to_owned(), json!(library));
        }
        if model.parameters > 0 {
            let is_gguf = model.relation == Relation::Quantized && self.name(repository).ends_with("GGUF");
            draft.tag(if is_gguf { "gguf" } else { "safetensors" }.to_owned());
            let dtype = if model.parameters > 1_000_000_000 { "BF16" } else { "F32" };
            let counts = match is_gguf {
                true => ("gguf", json!({ "total": model.parameters, "architecture": "llama" })),
                false => {
                    ("safetensors", json!({ "parameters": { dtype: model.parameters }, "total": model.parameters }))
                }
            };
            draft.facts.insert(counts.0.to_owned(), counts.1);
            draft.facts.insert("parameters".to_owned(), json!(model.parameters));
        } else if library.is_some_and(|library| library == "transformers") && dice.chance(0.6) {
            draft.tag("pytorch".to_owned());
        }
        let task = universe.tasks.words.get(model.task as usize);
        if let Some(task) = task {
            draft.tag(task.clone());
            draft.facts.insert("pipeline_tag".to_owned(), json!(task));
            draft.card.insert("pipeline_tag".to_owned(), json!(task));
        }
        self.languages(model.languages, "", draft);
        if dice.chance(self.numbers.dataset_link) {
            let links: Vec<String> = (0..1 + usize::from(dice.chance(0.2)))
                .map(|_| {
                    let place = universe.linked.draw(dice) * universe.linked_step;
                    self.id(universe.models.len() + place.min(universe.datasets - 1))
                })
                .collect();
            links.iter().for_each(|link| draft.tag(format!("dataset:{link}")));
            draft.card_list("datasets", &links);
        }
        if dice.chance(self.numbers.template) {
            draft.tag("arxiv:1910.09700".to_owned());
        }
        if model.parent != NONE {
            let parent = self.id(model.parent as usize);
            draft.tag(format!("base_model:{parent}"));
            draft.tag(format!("base_model:{}:{parent}", model.relation.word()));
            draft.card_list("base_model", std::slice::from_ref(&parent));
        }
        if let Some(license) = universe.licenses.words.get(model.license as usize) {
            draft.tag(format!("license:{license}"));
            draft.card.insert("license".to_owned(), json!(license));
        }
        if library.is_some_and(|library| library == "transformers") && task.is_some() {
            draft.tag("endpoints_compatible".to_owned());
        }
    }

    fn dataset(&self, dice: &mut Dice, draft: &mut Draft) {
        let universe = self.universe;
        if dice.chance(self.numbers.dataset_task) {
            let task = &universe.tasks.words[dice.below(30)];
            draft.tag(format!("task_categories:{task}"));
            draft.card_list("task_categories", std::slice::from_ref(task));
        }
        if dice.chance(0.25) {
            self.languages(dice.below(1 << 30) as u32, "language:", draft);
        }
        if dice.chance(self.numbers.dataset_license) {
            let license = &universe.licenses.words[dice.below(20)];
            draft.tag(format!("license:{license}"));
            draft.card.insert("license".to_owned(), json!(license));
        }
        let draw = |(words, law): &(Words, Weighted), dice: &mut Dice| words.words[law.draw(dice)].clone();
        let size = draw(&self.sizes, dice);
        draft.tag(format!("size_categories:{size}"));
        draft.tag(format!("format:{}", draw(&self.formats, dice)));
        draft.tag(format!("modality:{}", draw(&self.modalities, dice)));
        draft.tag("library:datasets".to_owned());
    }

    fn space(&self, repository: usize, dice: &mut Dice, draft: &mut Draft) {
        let sdk = self.sdks.0.words[self.sdks.1.draw(dice)].clone();
        draft.card.insert("sdk".to_owned(), json!(sdk));
        draft.card.insert("title".to_owned(), json!(self.name(repository).replace('-', " ")));
        draft.card.insert("emoji".to_owned(), json!(dice.pick(&["🚀", "🌍", "🐢", "🔥", "🎨", "🧠"])));
        draft.tag(sdk);
        if dice.chance(self.numbers.space_model) {
            // Few makers' models power most Spaces.
            let model = (self.universe.models.len() as f64 * dice.unit().powi(6)) as usize;
            draft.card_list("models", &[self.id(model)]);
        }
    }

    fn languages(&self, key: u32, prefix: &str, draft: &mut Draft) {
        if key == NONE {
            return;
        }
        let mut dice = self.universe.dice(Stream::Trait, 1 << 43 | key as usize);
        // English comes first in the table; its share is that of the models which declare a language at all.
        let mut spoken = match dice.chance(self.numbers.english) {
            true => vec![self.universe.languages.words[0].clone()],
            false => vec![self.universe.languages.words[1 + self.other_languages.draw(&mut dice)].clone()],
        };
        while spoken.len() < 30 && dice.chance(self.numbers.languages_more) {
            let more = &self.universe.languages.words[1 + self.other_languages.draw(&mut dice)];
            if !spoken.contains(more) {
                spoken.push(more.clone());
            }
        }
        spoken.iter().for_each(|language| draft.tag(format!("{prefix}{language}")));
        draft.card_list("language", &spoken);
    }

    /// The README: front matter that says what the facts say, and prose.
    pub(crate) fn card(&self, repository: usize, described: &Described, most: usize) -> String {
        let mut dice = self.universe.dice(Stream::Words, 1 << 44 | repository);
        let mut text = String::from("---\n");
        if let Some(Value::Object(card)) = described.facts.get("card_data") {
            for (name, value) in card {
                // JSON is YAML.
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        text.push_str(&format!("---\n\n# {}\n\n", described.name));
        let (median, sigma) = self.numbers.length;
        let length = (median * (sigma * dice.gauss()).exp()) as usize;
        let subject = described.name.replace(['-', '_'], " ");
        text.push_str(&words::prose(&mut dice, &self.prose, &subject, length.clamp(80, most)));
        text.push('\n');
        text
    }
}

/// What is gathered about a repository.
#[derive(Default)]
struct Draft {
    tags: Vec<String>,
    card: Map<String, Value>,
    facts: Map<String, Value>,
}

impl Draft {
    fn tag(&mut self, tag: String) {
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }

    fn card_list(&mut self, name: &str, values: &[String]) {
        if !values.is_empty() {
            self.card.insert(name.to_owned(), json!(values));
        }
    }
}
