//! Papers that cards cite: what is known of them, who wrote them, who votes for them, and which were submitted on which
//! day.
//!
//! A paper is known by its identifier on arXiv. A machine without the internet cannot look anything up, so what a paper
//! is called and what it says is entered by people; an administrator can lock what is right. Cards that come in name
//! papers by themselves ([`Community::collect_papers`]). Papers are public: of the repositories that cite one, each
//! visitor sees those of which they may know.

mod change;
mod list;

use hub_account::NamespaceId;
use hub_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::CommunityError;

pub use change::PaperChange;
pub use list::{DailyQuery, PaperOrder, PaperPage, PaperPlace, PaperView};

/// An identifier of arXiv: `2401.01234`, or of before 2007 `cs/0112017`, `hep-th/9901001`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PaperId(String);

/// The longest identifier, that of `astro-ph.CO/0703001`.
const ID_MAX: usize = 24;

impl PaperId {
    /// Reads an identifier, without a version: `2401.01234v2` names `2401.01234`.
    ///
    /// # Errors
    /// [`CommunityError::NotFound`] for anything else: no paper is called that.
    pub fn parse(text: &str) -> Result<Self, CommunityError> {
        let text = text.trim();
        let text = match text.rsplit_once('v') {
            Some((id, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => id,
            _ => text,
        };
        let digits = |part: &str, count: std::ops::RangeInclusive<usize>| {
            count.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_new = text.split_once('.').is_some_and(|(month, number)| digits(month, 4..=4) && digits(number, 4..=5));
        let is_old = text.split_once('/').is_some_and(|(archive, number)| {
            let is_word = archive.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'.'));
            is_word && !archive.is_empty() && digits(number, 7..=7)
        });
        if text.len() > ID_MAX || !(is_new || is_old) {
            let message = "there is no such paper: give its identifier on arXiv, such as 1706.03762".to_owned();
            return Err(CommunityError::NotFound(message));
        }
        Ok(Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The month in which arXiv took it in, as its first moment; identifiers begin with it.
    pub(crate) fn month(&self) -> Timestamp {
        let digits = self.0.rsplit('/').next().unwrap_or_default();
        let (year, month) = (digits.get(..2).unwrap_or("70"), digits.get(2..4).unwrap_or("01"));
        let century = if year >= "91" { "19" } else { "20" };
        let text = format!("{century}{year}-{month}-01T00:00:00.000Z");
        Timestamp::parse(&text).unwrap_or(Timestamp::from_millis(0))
    }
}

impl std::fmt::Display for PaperId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the authors, as the paper names them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Author {
    /// What tells the authors of a paper apart.
    pub id: String,
    /// Their name.
    pub name: String,
}

/// What is known of a paper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paper {
    /// Its identifier.
    pub id: PaperId,
    /// Its title; empty if nobody has entered it.
    pub title: String,
    /// Its abstract.
    pub summary: String,
    /// Who wrote it.
    pub authors: Vec<Author>,
    /// When it was published; without better knowledge the beginning of the month in its identifier.
    pub published: Timestamp,
    /// The page of the project.
    pub project_page: String,
    /// Its code.
    pub github_repo: String,
    /// Who entered what is known last.
    pub entered_by: Option<NamespaceId>,
    /// Whether only administrators change it.
    pub locked: bool,
    /// Who submitted it as a paper of the day, and when.
    pub submitted: Option<(NamespaceId, Timestamp)>,
    /// How many vote for it.
    pub upvotes: u64,
}

impl Paper {
    /// A paper of which nothing is known but its identifier.
    pub(crate) fn unknown(id: PaperId) -> Self {
        Self {
            published: id.month(),
            id,
            title: String::new(),
            summary: String::new(),
            authors: Vec::new(),
            project_page: String::new(),
            github_repo: String::new(),
            entered_by: None,
            locked: false,
            submitted: None,
            upvotes: 0,
        }
    }

    /// What it is called: its title, or its identifier.
    pub fn name(&self) -> String {
        if self.title.is_empty() { format!("arXiv:{}", self.id) } else { self.title.clone() }
    }
}

/// Somebody who says to be an author.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Which author.
    pub author: String,
    /// Who says so.
    pub who: NamespaceId,
    /// Whether an administrator has confirmed it.
    pub confirmed: bool,
    /// Since when.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(PaperId::parse(text).ok().as_ref().map(PaperId::as_str), expect, "{text:?}");
        };
        check("1706.03762", Some("1706.03762"));
        check(" 2401.01234v12 ", Some("2401.01234"));
        check("0704.0001", Some("0704.0001"));
        check("cs/0112017", Some("cs/0112017"));
        check("hep-th/9901001v3", Some("hep-th/9901001"));
        for wrong in [
            "",
            "1706",
            "1706.037",
            "1706.037621",
            "170.03762",
            "../1706.03762",
            "cs/011201",
            "/0112017",
            "c s/0112017",
        ] {
            check(wrong, None);
        }
        let month = |text: &str| PaperId::parse(text).unwrap().month().to_string();
        assert_eq!(month("1706.03762"), "2017-06-01T00:00:00.000Z");
        assert_eq!(month("hep-th/9901001"), "1999-01-01T00:00:00.000Z");
        assert_eq!(month("9999.99999"), "1970-01-01T00:00:00.000Z");
    }
}
