//! The number of a discussion or pull request within its repository: both count in one row.

use std::fmt;
use std::str::FromStr;

use crate::RefName;

/// A text that is no number of a discussion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("discussions are numbered from 1")]
pub struct ThreadNumberError;

/// The number of a discussion or pull request; the first of a repository is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadNumber(i64);

impl ThreadNumber {
    /// From the number that a row holds.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The branch of the pull request of this number.
    pub fn pull_ref(self) -> RefName {
        format!("refs/pr/{}", self.0).parse().expect("digits are a valid part of a name")
    }

    /// The number of the pull request whose branch it is; `None` for other references.
    pub fn of_pull_ref(name: &RefName) -> Option<Self> {
        name.as_str().strip_prefix("refs/pr/")?.parse().ok()
    }
}

impl FromStr for ThreadNumber {
    type Err = ThreadNumberError;

    fn from_str(text: &str) -> Result<Self, ThreadNumberError> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.len() <= 9;
        text.parse().ok().filter(|_| plain).map(Self).ok_or(ThreadNumberError)
    }
}

impl fmt::Display for ThreadNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_the_branch_of_its_pull_request_name_each_other() {
        let number: ThreadNumber = "12".parse().unwrap();
        assert_eq!(number.pull_ref().as_str(), "refs/pr/12");
        assert_eq!(ThreadNumber::of_pull_ref(&number.pull_ref()), Some(number));
        for text in ["", "0", "01", "-1", "+1", "1234567890", "a", "1/x"] {
            assert!(text.parse::<ThreadNumber>().is_err(), "{text:?}");
        }
    }
}
