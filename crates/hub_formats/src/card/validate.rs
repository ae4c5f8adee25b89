//! What is wrong with the metadata of a card, in words that its author can act on.
//!
//! Errors are what a reader of the card would stumble over; warnings are what pages and filters will not show. The
//! wording of the first words (`"license" must be one of`) is what clients and their users look for.

use hub_core::RepoKind;
use serde::Serialize;
use serde_json::{Map, Value};

use super::lists::{COLORS, LANGUAGE_WORDS, LICENSES, RELATIONS, SDKS, SIZES, TASKS};
use super::read;

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// A sentence that names the field.
    pub message: String,
}

/// What there is to mend in a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Validation {
    /// What makes fields unusable.
    pub errors: Vec<Message>,
    /// What is missing or unknown.
    pub warnings: Vec<Message>,
}

/// The most messages of a sort; a card with more has one cause.
const MESSAGES_MAX: usize = 50;
const SHORT_DESCRIPTION_MAX_CHARS: usize = 60;

impl Validation {
    fn error(&mut self, message: impl Into<String>) {
        if self.errors.len() < MESSAGES_MAX {
            self.errors.push(Message { message: message.into() });
        }
    }

    fn warn(&mut self, message: impl Into<String>) {
        if self.warnings.len() < MESSAGES_MAX {
            self.warnings.push(Message { message: message.into() });
        }
    }

    /// Whether there is nothing to mend.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.warnings.is_empty()
    }
}

/// Examines the metadata of a README of a repository of this kind.
pub fn validate(kind: RepoKind, readme: &str) -> Validation {
    let mut found = Validation::default();
    let (card, duplicates) = match read(readme) {
        Ok(read) => read,
        Err(error) => {
            found.error(error.to_string());
            return found;
        }
    };
    for (key, line) in duplicates {
        found.error(format!("duplicated mapping key \"{key}\" (line {line}); keep one of them"));
    }
    if card.data.is_empty() {
        found.warn("empty or missing yaml metadata in repo card");
        return found;
    }
    let mut check = Check { data: &card.data, found: &mut found };
    check.common();
    match kind {
        RepoKind::Model => check.model(),
        RepoKind::Dataset => check.dataset(),
        RepoKind::Space => check.space(),
        RepoKind::Kernel | RepoKind::Bucket => {}
    }
    found
}

/// Text for a message: what a stranger wrote, kept short.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

struct Check<'a> {
    data: &'a Map<String, Value>,
    found: &'a mut Validation,
}

impl<'a> Check<'a> {
    fn get(&self, field: &str) -> Option<&'a Value> {
        self.data.get(field).filter(|value| !value.is_null())
    }

    /// The text of a field; anything else is an error.
    fn text(&mut self, field: &str) -> Option<&'a str> {
        let text = self.get(field)?.as_str();
        if text.is_none() {
            self.found.error(format!("\"{field}\" must be a string; put quotes around the value"));
        }
        text
    }

    /// The texts of a field with their places (`tags`, `tags[0]`); what is neither a text nor a list of texts is an error.
    fn texts(&mut self, field: &str) -> Vec<(String, &'a str)> {
        let mut texts = Vec::new();
        match self.get(field) {
            None => {}
            Some(Value::String(text)) => texts.push((field.to_owned(), text.as_str())),
            Some(Value::Array(list)) => {
                for (i, item) in list.iter().enumerate() {
                    match item {
                        Value::String(text) => texts.push((format!("{field}[{i}]"), text.as_str())),
                        other => self.found.error(format!(
                            "\"{field}[{i}]\" must be a string, not {}; put quotes around it",
                            shown(other)
                        )),
                    }
                }
            }
            Some(_) => self.found.error(format!("\"{field}\" must be a string or a list of strings")),
        }
        texts
    }

    fn one_of(&mut self, field: &str, known: &[&str]) {
        if let Some(value) = self.get(field)
            && !value.as_str().is_some_and(|text| known.contains(&text))
        {
            self.found.error(format!("\"{field}\" must be one of [{}]", known.join(", ")));
        }
    }

    fn common(&mut self) {
        for (place, text) in self.texts("license") {
            if !LICENSES.contains(&text) {
                self.found.error(format!("\"{place}\" must be one of [{}]", LICENSES.join(", ")));
            }
        }
        if self.get("license").and_then(Value::as_str) == Some("other") && self.get("license_name").is_none() {
            self.found.warn("\"license\" is \"other\": name it in \"license_name\" and link to it in \"license_link\"");
        }
        self.languages();
        self.texts("tags");
        self.text("thumbnail");
        self.text("license_name");
        self.text("license_link");
    }

    fn languages(&mut self) {
        if let Some(Value::Bool(truth)) = self.get("language") {
            let word = if *truth { "yes" } else { "no" };
            self.found.error(format!("\"language\" must be a string; put quotes around \"{word}\""));
            return;
        }
        for (place, text) in self.texts("language") {
            let code = text.split(['-', '_']).next().unwrap_or(text);
            if text.chars().any(char::is_uppercase) && code == text {
                self.found.error(format!("\"{place}\" must only contain lowercase characters"));
            } else if !is_language(code) {
                self.found.error(format!(
                    "\"{place}\" with value \"{}\" is not valid: write an ISO 639 code of two or three letters, or one \
                     of [{}]",
                    shown(&Value::from(text)),
                    LANGUAGE_WORDS.join(", ")
                ));
            } else if code != text {
                self.found.warn(format!(
                    "\"{place}\" with value \"{}\": write \"{code}\" here, and the whole identifier in \"language_bcp47\"",
                    shown(&Value::from(text))
                ));
            }
        }
    }

    fn tasks(&mut self, texts: Vec<(String, &'a str)>) {
        for (place, text) in texts {
            if !TASKS.contains(&text) {
                self.found.warn(format!("\"{place}\" must be one of [{}]", TASKS.join(", ")));
            }
        }
    }

    /// Texts that name repositories.
    fn repositories(&mut self, field: &str) {
        for (place, text) in self.texts(field) {
            if !is_repository(text) {
                self.found.warn(format!(
                    "\"{place}\" with value \"{}\" is no repository id: write \"owner/name\"",
                    shown(&Value::from(text))
                ));
            }
        }
    }

    fn model(&mut self) {
        let task = self.text("pipeline_tag").map(|text| ("pipeline_tag".to_owned(), text));
        self.tasks(task.into_iter().collect());
        self.text("library_name");
        self.repositories("datasets");
        self.repositories("base_model");
        self.text("new_version");
        self.texts("metrics");
        self.one_of("base_model_relation", RELATIONS);
        if let Some(index) = self.get("model-index") {
            let named = |model: &Value| model.get("name").is_some_and(Value::is_string);
            match index.as_array() {
                None => self.found.error("\"model-index\" must be a list"),
                Some(models) if !models.iter().all(named) => {
                    self.found.error("\"model-index\" must be a list of mappings with \"name\" and \"results\"");
                }
                Some(_) => {}
            }
        }
    }

    fn dataset(&mut self) {
        let tasks = self.texts("task_categories");
        self.tasks(tasks);
        for field in ["task_ids", "annotations_creators", "language_creators", "source_datasets", "multilinguality"] {
            self.texts(field);
        }
        for (place, text) in self.texts("size_categories") {
            if !SIZES.contains(&text) {
                self.found.warn(format!("\"{place}\" must be one of [{}]", SIZES.join(", ")));
            }
        }
        self.text("pretty_name");
        if self.get("viewer").is_some_and(|value| !value.is_boolean()) {
            self.found.error("\"viewer\" must be a boolean");
        }
        match self.get("dataset_info") {
            None | Some(Value::Object(_)) => {}
            Some(Value::Array(list)) if list.iter().all(Value::is_object) => {}
            Some(_) => self.found.error("\"dataset_info\" must be a mapping or a list of mappings"),
        }
        if let Some(configs) = self.get("configs") {
            match configs.as_array() {
                None => self.found.error("\"configs\" must be a list"),
                Some(list) => list.iter().enumerate().for_each(|(i, config)| self.config(i, config)),
            }
        }
    }

    fn config(&mut self, i: usize, config: &Value) {
        let Some(config) = config.as_object() else {
            self.found.error(format!("\"configs[{i}]\" must be a mapping"));
            return;
        };
        if !config.get("config_name").is_some_and(Value::is_string) {
            self.found.error(format!("\"configs[{i}].config_name\" is required and must be a string"));
        }
        let fits = |file: &Value| match file {
            Value::String(_) => true,
            Value::Object(file) => {
                file.get("split").is_some_and(Value::is_string)
                    && file.get("path").is_some_and(|path| {
                        path.is_string() || path.as_array().is_some_and(|list| list.iter().all(Value::is_string))
                    })
            }
            _ => false,
        };
        let well_formed = match config.get("data_files") {
            None | Some(Value::String(_)) => true,
            Some(Value::Array(list)) => list.iter().all(fits),
            Some(_) => false,
        };
        if !well_formed {
            self.found.error(format!(
                "\"configs[{i}].data_files\" must be a path, a list of paths, or a list of mappings with \"split\" and \
                 \"path\""
            ));
        }
    }

    fn space(&mut self) {
        if self.get("sdk").is_none() {
            self.found.error(format!("\"sdk\" is required: write one of [{}]", SDKS.join(", ")));
        }
        self.one_of("sdk", SDKS);
        self.one_of("colorFrom", COLORS);
        self.one_of("colorTo", COLORS);
        self.text("title");
        if self.text("emoji").is_some_and(|text| !is_emoji(text)) {
            self.found.error("\"emoji\" must be an emoji, only one");
        }
        let long = |text: &str| text.chars().count() > SHORT_DESCRIPTION_MAX_CHARS;
        if self.text("short_description").is_some_and(long) {
            self.found.error(format!(
                "\"short_description\" length must be less than or equal to {SHORT_DESCRIPTION_MAX_CHARS} characters long"
            ));
        }
        if self.get("app_port").is_some_and(|port| !port.as_u64().is_some_and(|port| (1..=65535).contains(&port))) {
            self.found.error("\"app_port\" must be a number from 1 to 65535");
        }
        self.text("app_file");
        self.repositories("models");
        self.repositories("datasets");
    }
}

fn is_language(code: &str) -> bool {
    let is_code = matches!(code.len(), 2 | 3) && code.bytes().all(|byte| byte.is_ascii_lowercase());
    is_code || LANGUAGE_WORDS.contains(&code)
}

fn is_repository(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 96
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    text.split('/').count() <= 2 && text.split('/').all(is_part)
}

/// One picture: a few code points, none of them a letter. Flags, skin tones and families are several joined ones.
fn is_emoji(text: &str) -> bool {
    let pictures = text.chars().filter(|c| !matches!(*c, '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}'));
    let joined = text.contains('\u{200d}') || text.chars().all(|c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}'));
    let is_keycap = text.ends_with('\u{20e3}');
    let count = pictures.clone().count();
    (1..=10).contains(&count)
        && (count == 1 || joined || is_keycap || text.contains('\u{e007f}'))
        && (is_keycap || pictures.into_iter().all(|c| !c.is_alphanumeric() && !c.is_ascii()))
}

#[cfg(test)]
mod tests;
