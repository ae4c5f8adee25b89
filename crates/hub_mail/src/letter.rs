//! A letter: to whom, about what, and its text.

use serde::{Deserialize, Serialize};

/// The most characters of a subject.
const SUBJECT_MAX: usize = 200;
/// The most characters of a text; what is longer is cut, because a letter tells and links, it does not carry content.
const TEXT_MAX: usize = 50_000;

/// A letter of plain text to one address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Letter {
    to: String,
    subject: String,
    text: String,
}

impl Letter {
    /// A letter; line breaks and control characters of the subject become space, and a tab or a line break stay in the
    /// text while other control characters go.
    pub fn new(to: &str, subject: &str, text: &str) -> Self {
        let line: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SUBJECT_MAX).collect();
        let kept = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(TEXT_MAX).collect();
        Self { to: to.to_owned(), subject: line.trim().to_owned(), text: kept }
    }

    /// The address.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// What it is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests;
