//! Cards: the README of a repository, with metadata in front.
//!
//! ```text
//! README = [BOM] blank* "---" EOL  yaml  "---" EOL  body      EOL is LF or CRLF
//! ```
//! Reading never fails as a whole: a card whose metadata is broken still has its text, and [`validate`] says what to
//! mend. Fields are told from the text of the metadata, never guessed from the body.

pub mod lists;
mod validate;

use serde_json::{Map, Value};

use crate::yaml::{self, Yaml};

pub use validate::{Message, Validation, validate};

/// The metadata of a card, and where its text begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// The fields in the order in which they stand; empty if there are none.
    pub data: Map<String, Value>,
    /// The first byte of the README that is not metadata.
    pub body_offset: usize,
}

/// Why the metadata of a card cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// A first line `---` has no partner.
    #[error("the metadata that begins with '---' in line {line} is not closed by another line '---'")]
    NotClosed {
        /// The line of the README, counted from 1.
        line: usize,
    },
    /// No YAML, or more of it than is read.
    #[error("the metadata cannot be read: {reason} (line {line})")]
    NotYaml {
        /// The line of the README, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// YAML, but a list or a single value.
    #[error("the metadata must consist of lines 'name: value'")]
    NotFields,
}

/// The metadata of a README as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrontMatter<'a> {
    yaml: &'a str,
    /// The line of the README before the first of the YAML, counted from 1.
    line: usize,
    body_offset: usize,
}

/// Finds the metadata; `None` if the README has none.
fn split(readme: &str) -> Result<Option<FrontMatter<'_>>, CardError> {
    let mut offset = if readme.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut start = None;
    for (i, line) in readme[offset..].split_inclusive('\n').enumerate() {
        let end = offset + line.len();
        let is_fence = line.trim_end() == "---";
        match start {
            None if line.trim().is_empty() => {}
            None if is_fence => start = Some((i + 1, end)),
            None => return Ok(None),
            Some((line, start)) if is_fence => {
                return Ok(Some(FrontMatter { yaml: &readme[start..offset], line, body_offset: end }));
            }
            Some(_) => {}
        }
        offset = end;
    }
    match start {
        Some((line, _)) => Err(CardError::NotClosed { line }),
        None => Ok(None),
    }
}

/// The fields of a README, with what is odd about them.
fn read(readme: &str) -> Result<(Card, Vec<(String, usize)>), CardError> {
    let Some(front) = split(readme)? else { return Ok((Card::default(), Vec::new())) };
    let Yaml { value, duplicates } = yaml::parse(front.yaml)
        .map_err(|error| CardError::NotYaml { line: front.line + error.line, reason: error.reason })?;
    let data = match value {
        Value::Object(data) => data,
        Value::Null => Map::new(),
        _ => return Err(CardError::NotFields),
    };
    let duplicates = duplicates.into_iter().map(|(key, line)| (key, front.line + line)).collect();
    Ok((Card { data, body_offset: front.body_offset }, duplicates))
}

impl Card {
    /// Reads a README.
    pub fn parse(readme: &str) -> Result<Self, CardError> {
        read(readme).map(|(card, _)| card)
    }

    /// Reads a README; broken metadata count as none.
    pub fn parse_or_default(readme: &str) -> Self {
        Self::parse(readme).unwrap_or_else(|_| Self {
            data: Map::new(),
            body_offset: split(readme).ok().flatten().map_or(0, |front| front.body_offset),
        })
    }

    /// The text of one field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.data.get(field).and_then(Value::as_str)
    }

    /// The texts of a field that may be a single text or a list; what is no text is passed over.
    pub fn texts(&self, field: &str) -> Vec<&str> {
        match self.data.get(field) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
