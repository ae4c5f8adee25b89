//! Annotated tags.
//!
//! ```text
//! tag = "object " oid LF  "type " kind LF  "tag " name LF  ["tagger " signature LF]  (name SP value LF)*  LF  message
//! ```
//! A signature made with `git tag -s` stands at the end of the message. Tags of the first years have no tagger.

use std::borrow::Cow;

use hub_core::Oid;

use super::commit::{Header, Lines, write_header};
use super::object::{ObjectError, ObjectKind};
use super::signature::Signature;

/// A named object with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// What is tagged.
    pub object: Oid,
    /// What kind of object that is.
    pub kind: ObjectKind,
    /// The name without `refs/tags/`.
    pub name: Vec<u8>,
    /// Who made the tag.
    pub tagger: Option<Signature>,
    /// All other header lines in their order.
    pub extra: Vec<Header>,
    /// The message.
    pub message: Vec<u8>,
}

impl Tag {
    /// Reads the content of a tag object.
    pub fn parse(content: &[u8]) -> Result<Self, ObjectError> {
        let mut lines = Lines::new(content);
        let object = lines.need_oid("object")?;
        let kind = ObjectKind::from_word(lines.need("type")?).ok_or(ObjectError::MalformedHeader { header: "type" })?;
        let name = lines.need("tag")?.to_vec();
        let tagger = lines.take("tagger").map(Signature::parse);
        let (extra, message) = lines.finish()?;
        Ok(Self { object, kind, name, tagger, extra, message: message.to_vec() })
    }

    /// The content of the tag object.
    pub fn write(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(160 + self.message.len());
        write_header(&mut content, b"object", self.object.to_string().as_bytes());
        write_header(&mut content, b"type", self.kind.word().as_bytes());
        write_header(&mut content, b"tag", &self.name);
        if let Some(tagger) = &self.tagger {
            write_header(&mut content, b"tagger", &tagger.write());
        }
        for header in &self.extra {
            write_header(&mut content, &header.name, &header.value);
        }
        content.push(b'\n');
        content.extend_from_slice(&self.message);
        content
    }

    /// The whole message as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.message)
    }
}

#[cfg(test)]
mod tests;
