//! Trees: one folder each, its entries in git's order.
//!
//! ```text
//! tree  = entry*
//! entry = mode SP name NUL oid      mode in octal without leading zero, oid as 20 raw bytes
//! order = by name, bytewise, where a folder's name counts as if it ended in '/'
//! ```
//! What git reads we read: trees out of order are put in order, zero-padded modes and the file modes of early git
//! (`100664`) are taken for what they mean. What could be misread by a later reader is refused: a name twice, an empty
//! name, a name with a slash.

use std::cmp::Ordering;
use std::collections::HashMap;

use hub_core::Oid;

use super::object::ObjectError;

/// What an entry of a tree is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link; the blob holds its target.
    Symlink,
    /// A folder, that is another tree.
    Directory,
    /// A commit of another repository.
    Submodule,
}

impl Mode {
    /// The octal digits that git writes.
    pub const fn octal(self) -> &'static str {
        match self {
            Mode::File => "100644",
            Mode::Executable => "100755",
            Mode::Symlink => "120000",
            Mode::Directory => "40000",
            Mode::Submodule => "160000",
        }
    }

    /// Reads octal digits; like git, only the type and the owner's right to execute count.
    pub fn from_octal(digits: &[u8]) -> Option<Self> {
        if digits.is_empty() || digits.len() > 7 {
            return None;
        }
        let mut number = 0_u32;
        for digit in digits {
            number = number * 8 + u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 8)?);
        }
        match number & 0o170_000 {
            0o100_000 if number & 0o100 != 0 => Some(Mode::Executable),
            0o100_000 => Some(Mode::File),
            0o120_000 => Some(Mode::Symlink),
            0o040_000 => Some(Mode::Directory),
            0o160_000 => Some(Mode::Submodule),
            _ => None,
        }
    }

    /// Whether the entry is a folder.
    pub const fn is_directory(self) -> bool {
        matches!(self, Mode::Directory)
    }

    /// Whether the entry's object is a blob.
    pub const fn is_blob(self) -> bool {
        matches!(self, Mode::File | Mode::Executable | Mode::Symlink)
    }
}

/// One entry of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeEntry {
    /// What it is.
    pub mode: Mode,
    /// Its name in this folder, which need not be UTF-8.
    pub name: Vec<u8>,
    /// The object.
    pub oid: Oid,
}

/// One entry of a tree, borrowed from the tree's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryRef<'a> {
    /// What it is.
    pub mode: Mode,
    /// Its name in this folder.
    pub name: &'a [u8],
    /// The object.
    pub oid: Oid,
}

impl EntryRef<'_> {
    /// The entry with a name of its own.
    pub fn to_owned(self) -> TreeEntry {
        TreeEntry { mode: self.mode, name: self.name.to_vec(), oid: self.oid }
    }
}

/// Walks the entries of a tree's bytes in the order in which they stand, without copying them.
///
/// Neither order nor uniqueness is checked; [`Tree::parse`] does that. After an error nothing more comes.
#[derive(Clone, Debug)]
pub struct Entries<'a>(&'a [u8]);

/// Begins a walk over a tree's bytes.
pub fn entries(content: &[u8]) -> Entries<'_> {
    Entries(content)
}

const OID_BYTES: usize = 20;

fn split_entry(content: &[u8]) -> Option<(EntryRef<'_>, &[u8])> {
    let space = content.iter().take(8).position(|byte| *byte == b' ')?;
    let mode = Mode::from_octal(content.get(..space)?)?;
    let rest = content.get(space + 1..)?;
    let nul = rest.iter().position(|byte| *byte == 0)?;
    let name = rest.get(..nul)?;
    if !is_name(name) {
        return None;
    }
    let (oid, rest) = rest.get(nul + 1..)?.split_at_checked(OID_BYTES)?;
    Some((EntryRef { mode, name, oid: Oid::from_slice(oid).ok()? }, rest))
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<EntryRef<'a>, ObjectError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        match split_entry(self.0) {
            Some((entry, rest)) => {
                self.0 = rest;
                Some(Ok(entry))
            }
            None => {
                self.0 = &[];
                Some(Err(ObjectError::MalformedTree))
            }
        }
    }
}

/// Git's order of two names, each as a file or as a folder.
fn compare(left: (&[u8], bool), right: (&[u8], bool)) -> Ordering {
    let shared = left.0.len().min(right.0.len());
    left.0[..shared].cmp(&right.0[..shared]).then_with(|| {
        // Past the shared part a name goes on, or ends: in a slash if it is a folder's, in nothing otherwise.
        let next = |(name, is_directory): (&[u8], bool)| match name.get(shared) {
            Some(byte) => u16::from(*byte) + 1,
            None if is_directory => u16::from(b'/') + 1,
            None => 0,
        };
        next(left).cmp(&next(right)).then_with(|| left.0.len().cmp(&right.0.len()))
    })
}

fn key(entry: &TreeEntry) -> (&[u8], bool) {
    (&entry.name, entry.mode.is_directory())
}

/// One folder: its entries in git's order, each name once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree(Vec<TreeEntry>);

impl Tree {
    /// The empty tree.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Reads the content of a tree object.
    pub fn parse(content: &[u8]) -> Result<Self, ObjectError> {
        let mut list = Vec::new();
        for entry in entries(content) {
            list.push(entry?.to_owned());
        }
        Self::from_entries(list)
    }

    /// Puts entries in order; refuses a name that occurs twice or that git could not read back.
    pub fn from_entries(mut list: Vec<TreeEntry>) -> Result<Self, ObjectError> {
        if !list.iter().all(|entry| is_name(&entry.name)) {
            return Err(ObjectError::MalformedTree);
        }
        if !list.is_sorted_by(|left, right| compare(key(left), key(right)).is_lt()) {
            list.sort_by(|left, right| compare(key(left), key(right)));
            if !list.is_sorted_by(|left, right| compare(key(left), key(right)).is_lt()) {
                return Err(ObjectError::DuplicateEntry);
            }
        }
        let tree = Self(list);
        // A file and a folder of one name need not be neighbours: `a`, `a.b`, `a/`.
        let twice = |entry: &&TreeEntry| entry.mode.is_directory() && tree.find(&entry.name, false).is_ok();
        if tree.0.iter().any(|entry| twice(&entry)) {
            return Err(ObjectError::DuplicateEntry);
        }
        Ok(tree)
    }

    /// The content of the tree object.
    pub fn write(&self) -> Vec<u8> {
        let size = self.0.iter().map(|entry| entry.name.len() + 8 + OID_BYTES).sum();
        let mut content = Vec::with_capacity(size);
        for entry in &self.0 {
            content.extend_from_slice(entry.mode.octal().as_bytes());
            content.push(b' ');
            content.extend_from_slice(&entry.name);
            content.push(0);
            content.extend_from_slice(entry.oid.as_bytes());
        }
        content
    }

    fn find(&self, name: &[u8], is_directory: bool) -> Result<usize, usize> {
        self.0.binary_search_by(|entry| compare(key(entry), (name, is_directory)))
    }

    /// The entry of this name, file or folder.
    pub fn get(&self, name: &[u8]) -> Option<&TreeEntry> {
        let index = self.find(name, false).or_else(|_| self.find(name, true)).ok()?;
        self.0.get(index)
    }

    /// Replaces, adds and removes entries in one go; the last change of a name wins. A `None` removes.
    ///
    /// The cost is that of writing the tree once, however many changes there are.
    pub fn edit(
        &mut self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<(Mode, Oid)>)>,
    ) -> Result<(), ObjectError> {
        let changes: HashMap<Vec<u8>, Option<(Mode, Oid)>> = changes.into_iter().collect();
        if !changes.keys().all(|name| is_name(name)) {
            return Err(ObjectError::MalformedTree);
        }
        self.0.retain(|entry| !changes.contains_key(&entry.name));
        self.0.extend(
            changes.into_iter().filter_map(|(name, change)| change.map(|(mode, oid)| TreeEntry { mode, name, oid })),
        );
        // What stayed is in order already, which the stable sort makes use of.
        self.0.sort_by(|left, right| compare(key(left), key(right)));
        Ok(())
    }

    /// The entries in git's order.
    pub fn entries(&self) -> &[TreeEntry] {
        &self.0
    }

    /// The entries in git's order, taken out.
    pub fn into_entries(self) -> Vec<TreeEntry> {
        self.0
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the folder is empty; git keeps no empty folder but the root.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
