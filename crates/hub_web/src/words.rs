//! The words of the pages, in each language that the house speaks.
//!
//! A message file has a line `key = text` per message; `{0}`, `{1}` stand for what is put in. A key ending in `.one` or
//! `.other` is a form of a message that counts. English is complete, the names of tasks included, which
//! come from the vocabulary; what another language lacks is shown in English.
//! The tests hold every key that a page names against the files, and the files against each other.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

use hub_formats::vocabulary;

/// One language.
#[derive(Debug)]
pub(crate) struct Words {
    /// Its tag, as `lang` of a page has it.
    pub(crate) tag: &'static str,
    /// Its name in itself.
    pub(crate) name: &'static str,
    /// What separates thousands, and what begins a fraction.
    marks: (char, char),
    messages: HashMap<&'static str, &'static str>,
}

static LANGUAGES: LazyLock<[Words; 2]> = LazyLock::new(|| {
    [
        Words::new("en", "English", (',', '.'), include_str!("messages/en.txt")).with_tasks(),
        Words::new("de", "Deutsch", ('.', ','), include_str!("messages/de.txt")),
    ]
});

impl Words {
    fn new(tag: &'static str, name: &'static str, marks: (char, char), text: &'static str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let messages = lines.filter_map(|line| line.split_once('=')).map(|(key, text)| (key.trim(), text.trim()));
        Self { tag, name, marks, messages: messages.collect() }
    }

    /// The names of tasks and what they do, which the vocabulary has in English.
    fn with_tasks(mut self) -> Self {
        for task in vocabulary::tasks() {
            self.messages.insert(format!("task.{}", task.id).leak(), task.label);
            self.messages.insert(format!("task.{}.about", task.id).leak(), task.summary);
        }
        self
    }

    /// Every language.
    pub(crate) fn all() -> &'static [Words] {
        &*LANGUAGES
    }

    /// The language with that tag.
    pub(crate) fn of_tag(tag: &str) -> Option<&'static Self> {
        let tag = tag.trim().to_ascii_lowercase();
        let primary = tag.split('-').next().unwrap_or_default();
        Self::all().iter().find(|words| words.tag == primary)
    }

    /// English.
    pub(crate) fn english() -> &'static Self {
        &LANGUAGES[0]
    }

    /// The first language of an `Accept-Language` header that is spoken here, by the weights in it.
    pub(crate) fn of_header(header: &str) -> &'static Self {
        let choice = |part: &str| {
            let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
            let weight = rest.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()).unwrap_or(1.0);
            Self::of_tag(tag).map(|words| (words, weight))
        };
        let mut best: Option<(&'static Self, f32)> = None;
        for (words, weight) in header.split(',').take(20).filter_map(choice) {
            if best.is_none_or(|(_, most)| weight > most) {
                best = Some((words, weight));
            }
        }
        best.map_or_else(Self::english, |(words, _)| words)
    }

    /// A message as it stands.
    pub(crate) fn get(&self, key: &'static str) -> &'static str {
        let english = || Self::english().messages.get(key).copied();
        self.messages.get(key).copied().or_else(english).unwrap_or(key)
    }

    /// A message whose key is made up at run time; nothing if there is none.
    pub(crate) fn find(&self, key: &str) -> Option<&'static str> {
        self.messages.get(key).or_else(|| Self::english().messages.get(key)).copied()
    }

    /// A message with values in it.
    pub(crate) fn fill(&self, key: &'static str, values: &[&dyn Display]) -> String {
        fill(self.get(key), values)
    }

    /// The form of a counting message that fits the number, with the number in it.
    pub(crate) fn count(&self, key: &str, number: u64) -> String {
        let form = if number == 1 { "one" } else { "other" };
        let text = self.find(&format!("{key}.{form}")).unwrap_or("{0}");
        fill(text, &[&self.number(number)])
    }

    /// A whole number with its thousands apart.
    pub(crate) fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(self.marks.0);
            }
            text.push(digit);
        }
        text
    }

    /// A number as it is compared at a glance: `1.2k`, `340M`.
    pub(crate) fn compact(&self, number: u64) -> String {
        let (value, unit) = scaled(number as f64, &["", "k", "M", "B", "T"]);
        if unit.is_empty() { self.number(number) } else { format!("{}{unit}", self.fraction(value)) }
    }

    /// A size in bytes as people read it.
    pub(crate) fn size(&self, bytes: u64) -> String {
        let (value, unit) = scaled(bytes as f64, &["B", "kB", "MB", "GB", "TB", "PB"]);
        if unit == "B" { format!("{bytes} B") } else { format!("{} {unit}", self.fraction(value)) }
    }

    /// Three digits that count.
    fn fraction(&self, value: f64) -> String {
        let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
        let text = text.strip_suffix(".0").unwrap_or(&text);
        text.replace('.', &self.marks.1.to_string())
    }
}

fn scaled(value: f64, units: &[&'static str]) -> (f64, &'static str) {
    let (mut value, mut place) = (value, 0);
    while value >= 999.5 && place + 1 < units.len() {
        value /= 1000.0;
        place += 1;
    }
    (value, units[place])
}

fn fill(text: &str, values: &[&dyn Display]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((place, behind)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match place.parse::<usize>().ok().and_then(|place| values.get(place)) {
            Some(value) => filled.push_str(&value.to_string()),
            None => filled.push_str(&format!("{{{place}}}")),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests;
