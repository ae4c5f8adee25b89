//! Short texts that people write about themselves: the name that is shown, the name of a token, the address of mail.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no [`Label`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing but space.
    #[error("the text is empty")]
    Empty,
    /// More than [`Label::MAX_CHARS`] characters.
    #[error("the text is longer than {} characters", Label::MAX_CHARS)]
    TooLong,
    /// A line break or another character that is not shown.
    #[error("the text holds a control character")]
    ControlCharacter,
}

/// One line of text for people, trimmed, without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// The most characters that a label may have.
    pub const MAX_CHARS: usize = 255;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(LabelError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(LabelError::ControlCharacter);
        }
        Ok(Self(text.to_owned()))
    }
}

/// A text that cannot be an address of mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address of mail; it looks like name@example.org")]
pub struct EmailError;

/// An address of mail, in the case that its owner wrote. That it receives mail is not known.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which addresses are compared: two that differ only in case are one.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        // 254 bytes is the longest address that a mail server takes (RFC 5321, 4.5.3.1.3).
        let shaped = text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@') && text.len() <= 254
        });
        if plain && shaped { Ok(Self(text.to_owned())) } else { Err(EmailError) }
    }
}

macro_rules! text_impls {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_impls!(Label);
text_impls!(Email);

#[cfg(test)]
mod tests;
