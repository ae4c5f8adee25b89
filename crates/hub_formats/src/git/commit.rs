//! Commits.
//!
//! ```text
//! commit = "tree " oid LF  ("parent " oid LF)*  "author " signature LF  "committer " signature LF
//!          (name SP value LF)*  LF  message
//! ```
//! A value of several lines goes on with a space at the start of each further line (`gpgsig`, `mergetag`). What is read
//! is written back byte for byte, with one exception: a commit that ends after its headers gets the empty line that
//! should follow them.

use std::borrow::Cow;

use hub_core::Oid;

use super::object::ObjectError;
use super::signature::Signature;

/// A header line that has no field of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The first word: `gpgsig`, `encoding`, `mergetag`, or anything else.
    pub name: Vec<u8>,
    /// The rest, further lines joined by line breaks.
    pub value: Vec<u8>,
}

/// A state of the whole tree, who made it, and what came before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// The root folder.
    pub tree: Oid,
    /// The commits that this one follows: none for the first, several for a merge.
    pub parents: Vec<Oid>,
    /// Who wrote the change.
    pub author: Signature,
    /// Who put it into the history.
    pub committer: Signature,
    /// All other header lines in their order.
    pub extra: Vec<Header>,
    /// The message, in UTF-8 unless an `encoding` header says otherwise.
    pub message: Vec<u8>,
}

/// Reads the header lines of a commit or tag one by one.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(super) const fn new(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    /// The value of the next line if that line has this name.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a [u8]> {
        let rest = self.rest.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        self.rest = &rest[end + 1..];
        Some(&rest[..end])
    }

    /// As [`Lines::take`], where the line must be there.
    pub(super) fn need(&mut self, name: &'static str) -> Result<&'a [u8], ObjectError> {
        self.take(name).ok_or(ObjectError::MalformedHeader { header: name })
    }

    /// The value of the next line, an object id, if that line has this name.
    pub(super) fn take_oid(&mut self, name: &'static str) -> Result<Option<Oid>, ObjectError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let lower = value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let oid = std::str::from_utf8(value).ok().filter(|_| lower).and_then(|text| text.parse().ok());
        oid.map(Some).ok_or(ObjectError::MalformedHeader { header: name })
    }

    /// As [`Lines::take_oid`], where the line must be there.
    pub(super) fn need_oid(&mut self, name: &'static str) -> Result<Oid, ObjectError> {
        self.take_oid(name)?.ok_or(ObjectError::MalformedHeader { header: name })
    }

    /// All lines up to the empty one, and what follows it.
    pub(super) fn finish(mut self) -> Result<(Vec<Header>, &'a [u8]), ObjectError> {
        let mut extra: Vec<Header> = Vec::new();
        let malformed = ObjectError::MalformedHeader { header: "header" };
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or(malformed)?;
            let (line, rest) = (&self.rest[..end], &self.rest[end + 1..]);
            self.rest = rest;
            if line.is_empty() {
                return Ok((extra, rest));
            }
            if let Some(continued) = line.strip_prefix(b" ") {
                let header = extra.last_mut().ok_or(malformed)?;
                header.value.push(b'\n');
                header.value.extend_from_slice(continued);
            } else {
                let space = line.iter().position(|byte| *byte == b' ').ok_or(malformed)?;
                extra.push(Header { name: line[..space].to_vec(), value: line[space + 1..].to_vec() });
            }
        }
        Ok((extra, &[]))
    }
}

/// Writes one header line, folding further lines of its value.
pub(super) fn write_header(content: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    content.extend_from_slice(name);
    content.push(b' ');
    for byte in value {
        content.push(*byte);
        if *byte == b'\n' {
            content.push(b' ');
        }
    }
    content.push(b'\n');
}

impl Commit {
    /// Reads the content of a commit object.
    pub fn parse(content: &[u8]) -> Result<Self, ObjectError> {
        let mut lines = Lines::new(content);
        let tree = lines.need_oid("tree")?;
        let mut parents = Vec::new();
        while let Some(parent) = lines.take_oid("parent")? {
            parents.push(parent);
        }
        let author = Signature::parse(lines.need("author")?);
        let committer = Signature::parse(lines.need("committer")?);
        let (extra, message) = lines.finish()?;
        Ok(Self { tree, parents, author, committer, extra, message: message.to_vec() })
    }

    /// The content of the commit object.
    pub fn write(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(256 + self.message.len());
        write_header(&mut content, b"tree", self.tree.to_string().as_bytes());
        for parent in &self.parents {
            write_header(&mut content, b"parent", parent.to_string().as_bytes());
        }
        write_header(&mut content, b"author", &self.author.write());
        write_header(&mut content, b"committer", &self.committer.write());
        for header in &self.extra {
            write_header(&mut content, &header.name, &header.value);
        }
        content.push(b'\n');
        content.extend_from_slice(&self.message);
        content
    }

    /// The value of a header such as `encoding` or `gpgsig`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.extra.iter().find(|header| header.name == name.as_bytes()).map(|header| header.value.as_slice())
    }

    /// The whole message as text.
    pub fn text(&self) -> Cow<'_, str> {
        let latin1 = self.header("encoding").is_some_and(|name| {
            [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        });
        if latin1 {
            return Cow::Owned(self.message.iter().map(|byte| char::from(*byte)).collect());
        }
        String::from_utf8_lossy(&self.message)
    }

    /// The first line of the message that is not empty.
    pub fn title(&self) -> String {
        split_message(&self.text()).0.to_owned()
    }

    /// What follows the title, without the empty lines around it.
    pub fn body(&self) -> String {
        split_message(&self.text()).1.to_owned()
    }
}

fn split_message(text: &str) -> (&str, &str) {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    match text.split_once('\n') {
        Some((title, body)) => (title.trim_end(), body.trim_start_matches(['\r', '\n'])),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests;
