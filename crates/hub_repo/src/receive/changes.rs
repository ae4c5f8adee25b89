//! How a folder of a commit differs from the same folder of its parents, entry by entry.
//!
//! A merge changes what is as in none of its parents: that is the rule by which `git log` and listings look for the
//! commit that brought an entry into its present state.

use std::cmp::Ordering;
use std::iter::Peekable;

use hub_core::Oid;
use hub_formats::git::tree::{Entries, entries};
use hub_formats::git::{EntryRef, Mode, ObjectError};

use super::fsck::order;

/// One entry that is as in none of the parents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChangedEntry {
    pub(super) name: Vec<u8>,
    /// What it is now; `None` if it went away.
    pub(super) now: Option<(Mode, Oid)>,
    /// The folders of that name in the parents, against which a folder is compared in turn.
    pub(super) folders_before: Vec<Option<Oid>>,
}

struct Before<'a> {
    entries: Peekable<Entries<'a>>,
}

impl<'a> Before<'a> {
    /// The entry of this key; those before it were skipped by the caller.
    fn at(&mut self, wanted: &EntryRef<'_>) -> Result<Option<EntryRef<'a>>, ObjectError> {
        match self.entries.peek() {
            Some(Ok(entry)) if order(entry, wanted) == Ordering::Equal => self.entries.next().transpose(),
            Some(Err(error)) => Err(*error),
            _ => Ok(None),
        }
    }

    fn first(&mut self) -> Result<Option<EntryRef<'a>>, ObjectError> {
        self.entries.peek().copied().transpose()
    }
}

/// Compares a folder with what it was in each parent; a parent without it gives no bytes.
pub(super) fn changed_entries(now: &[u8], before: &[&[u8]]) -> Result<Vec<ChangedEntry>, ObjectError> {
    let mut now = entries(now).peekable();
    let mut before: Vec<Before<'_>> =
        before.iter().map(|content| Before { entries: entries(content).peekable() }).collect();
    let mut changed = Vec::new();
    loop {
        let mut least = now.peek().copied().transpose()?;
        for parent in &mut before {
            if let Some(entry) = parent.first()?
                && least.is_none_or(|least| order(&entry, &least) == Ordering::Less)
            {
                least = Some(entry);
            }
        }
        let Some(key) = least else { return Ok(changed) };
        let present = match now.peek() {
            Some(Ok(entry)) if order(entry, &key) == Ordering::Equal => now.next().transpose()?,
            _ => None,
        };
        let mut as_before = false;
        let mut folders_before = Vec::with_capacity(before.len());
        for parent in &mut before {
            let old = parent.at(&key)?;
            as_before |= old.map(|old| (old.mode, old.oid)) == present.map(|present| (present.mode, present.oid));
            folders_before.push(old.filter(|old| old.mode == Mode::Directory).map(|old| old.oid));
        }
        if !as_before {
            changed.push(ChangedEntry {
                name: key.name.to_vec(),
                now: present.map(|present| (present.mode, present.oid)),
                folders_before,
            });
        }
    }
}

#[cfg(test)]
mod tests;
