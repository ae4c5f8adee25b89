//! What git's own `fsck` calls an error: an object that has one is not taken in, because every later clone would carry it
//! to people whose git refuses it, or is harmed by it.
//!
//! Three faults that the tools of git's first years left in well-known histories are let pass, as other hubs do: file modes
//! padded with zeros, time zones without sense, and a missing space before a date. Reading copes with them.

use std::borrow::Cow;
use std::cmp::Ordering;

use hub_core::{Oid, is_reserved_part};
use hub_formats::git::tree::entries;
use hub_formats::git::{Commit, EntryRef, Mode, ObjectKind, Tag, Tree};

/// The most bytes of a name in a folder, as git's own check has it.
const NAME_MAX_BYTES: usize = 4096;

/// Looks an object over; the error says what is wrong in git's words where it has some.
pub(super) fn check(kind: ObjectKind, content: &[u8]) -> Result<(), Cow<'static, str>> {
    match kind {
        ObjectKind::Blob => Ok(()),
        ObjectKind::Tree => check_tree(content),
        ObjectKind::Commit => check_commit(content),
        ObjectKind::Tag => check_tag(content),
    }
}

fn check_tree(content: &[u8]) -> Result<(), Cow<'static, str>> {
    Tree::parse(content).map_err(|error| Cow::Owned(error.to_string()))?;
    let mut before: Option<EntryRef<'_>> = None;
    for entry in entries(content) {
        let entry = entry.map_err(|error| Cow::Owned(error.to_string()))?;
        if before.is_some_and(|before| order(&before, &entry) != Ordering::Less) {
            return Err("treeNotSorted: the entries are not in git's order".into());
        }
        check_entry(&entry)?;
        before = Some(entry);
    }
    Ok(())
}

fn check_entry(entry: &EntryRef<'_>) -> Result<(), Cow<'static, str>> {
    let name = String::from_utf8_lossy(entry.name);
    if entry.name.len() > NAME_MAX_BYTES {
        return Err("largePathname: a name is longer than 4096 bytes".into());
    }
    if name == "." || name == ".." {
        return Err(format!("hasDot: an entry is called '{name}'").into());
    }
    if is_reserved_part(&name) {
        return Err(format!("hasDotgit: an entry is called '{name}', which git reserves").into());
    }
    if entry.oid == Oid::ZERO {
        return Err(format!("nullSha1: the entry '{name}' names no object").into());
    }
    if entry.mode == Mode::Symlink && name.eq_ignore_ascii_case(".gitmodules") {
        return Err("gitmodulesSymlink: .gitmodules is a symbolic link".into());
    }
    Ok(())
}

/// Git's order of two entries: bytewise by name, a folder's as if it ended in a slash.
pub(super) fn order(left: &EntryRef<'_>, right: &EntryRef<'_>) -> Ordering {
    let shared = left.name.len().min(right.name.len());
    left.name[..shared].cmp(&right.name[..shared]).then_with(|| {
        let next = |entry: &EntryRef<'_>| match entry.name.get(shared) {
            Some(byte) => u16::from(*byte) + 1,
            None if entry.mode.is_directory() => u16::from(b'/') + 1,
            None => 0,
        };
        next(left).cmp(&next(right)).then_with(|| left.name.len().cmp(&right.name.len()))
    })
}

fn check_commit(content: &[u8]) -> Result<(), Cow<'static, str>> {
    check_headers(content)?;
    Commit::parse(content).map_err(|error| Cow::Owned(error.to_string()))?;
    let mut authors = 0;
    for line in header_lines(content) {
        if let Some(ident) = line.strip_prefix(b"author ") {
            authors += 1;
            check_ident(ident)?;
        } else if let Some(ident) = line.strip_prefix(b"committer ") {
            check_ident(ident)?;
        }
    }
    if authors > 1 {
        return Err("multipleAuthors: the commit has more than one author line".into());
    }
    Ok(())
}

fn check_tag(content: &[u8]) -> Result<(), Cow<'static, str>> {
    check_headers(content)?;
    Tag::parse(content).map_err(|error| Cow::Owned(error.to_string()))?;
    header_lines(content).filter_map(|line| line.strip_prefix(b"tagger ")).try_for_each(check_ident)
}

/// The header ends with an empty line, or at least with a line break, and holds no NUL.
fn check_headers(content: &[u8]) -> Result<(), Cow<'static, str>> {
    let end = content.windows(2).position(|pair| pair == b"\n\n").unwrap_or(content.len());
    if content[..end].contains(&0) {
        return Err("nulInHeader: the header holds a NUL".into());
    }
    if end == content.len() && content.last() != Some(&b'\n') {
        return Err("unterminatedHeader: the header does not end".into());
    }
    Ok(())
}

fn header_lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty())
}

/// `name SP '<' email '>' SP seconds SP zone`, as git's `fsck_ident` reads it.
fn check_ident(ident: &[u8]) -> Result<(), Cow<'static, str>> {
    let position = |from: usize| ident[from..].iter().position(|byte| matches!(byte, b'<' | b'>')).map(|at| from + at);
    if ident.first() == Some(&b'<') {
        return Err("missingNameBeforeEmail: a signature has no name".into());
    }
    let open = position(0).ok_or("missingEmail: a signature has no email")?;
    if ident[open] != b'<' {
        return Err("badName: a signature's name holds '>'".into());
    }
    if ident[open - 1] != b' ' {
        return Err("missingSpaceBeforeEmail: a signature lacks the space before the email".into());
    }
    let close =
        position(open + 1).filter(|at| ident[*at] == b'>').ok_or("badEmail: a signature's email is malformed")?;
    let date = &ident[close + 1..];
    let date = date.strip_prefix(b" ").unwrap_or(date);
    let digits = date.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || date.get(digits) != Some(&b' ') {
        return Err("badDate: a signature's date is malformed".into());
    }
    if digits > 1 && date[0] == b'0' {
        return Err("zeroPaddedDate: a signature's date begins with a zero".into());
    }
    let seconds = std::str::from_utf8(&date[..digits]).ok().and_then(|text| text.parse::<i64>().ok());
    if seconds.is_none() {
        return Err("badDateOverflow: a signature's date is too far away".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
