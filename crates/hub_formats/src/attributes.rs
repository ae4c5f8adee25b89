//! `.gitattributes`: which files of a repository are large files, and any other attribute.
//!
//! ```text
//! line    = pattern (SP attribute)*  |  '#' comment  |  "[attr]" macro (SP attribute)*
//! pattern = see pattern.rs, or in double quotes with C escapes; a '!' in front is not allowed
//! attribute = name | '-' name | '!' name | name '=' value
//! ```
//! The last line that fits a path and mentions an attribute decides about it; deeper files outweigh those above them.

use crate::pattern::Pattern;

/// Longer files are read only up to here, longer lines not at all; git has the same bound on lines.
const FILE_MAX_BYTES: usize = 1 << 20;
const LINE_MAX_BYTES: usize = 2048;
/// Further lines are passed over: each path is held against all of them.
const RULES_MAX: usize = 4096;
/// Macros, words of a line and attributes of a rule beyond these are passed over, so that macros of macros stay small.
const MACROS_MAX: usize = 64;
const WORDS_MAX: usize = 32;

/// What a line says about an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// `name`
    Set,
    /// `-name`
    Unset,
    /// `!name`, which makes it as if no line had spoken of it.
    Unspecified,
    /// `name=value`
    Value(String),
}

type Assignment = (String, State);

#[derive(Clone, Debug)]
struct Rule {
    /// The folder whose file has the line: empty for the root, else ending in '/'.
    folder: String,
    pattern: Pattern,
    assignments: Vec<Assignment>,
}

/// The attributes of a whole repository, from one or more files.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    rules: Vec<Rule>,
    macros: Vec<(String, Vec<Assignment>)>,
}

impl Attributes {
    /// Reads the file at the root of a repository. No content is refused; lines that make no sense are passed over.
    pub fn parse(content: &[u8]) -> Self {
        let mut attributes = Self::default();
        attributes.add("", content);
        attributes
    }

    /// Adds the file of a folder. Files of outer folders must be added before those of inner ones.
    pub fn add(&mut self, folder: &str, content: &[u8]) {
        let folder = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_matches('/')) };
        let content = &content[..content.len().min(FILE_MAX_BYTES)];
        for line in content.split(|byte| *byte == b'\n').filter(|line| line.len() <= LINE_MAX_BYTES) {
            self.add_line(&folder, line);
        }
    }

    fn add_line(&mut self, folder: &str, line: &[u8]) {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"!") {
            return;
        }
        let (pattern, rest) = match line.strip_prefix(b"\"").and_then(unquote) {
            Some(quoted) => quoted,
            None => {
                let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
                (line[..end].to_vec(), &line[end..])
            }
        };
        let rest = String::from_utf8_lossy(rest);
        let assignments = self.assignments(rest.split_ascii_whitespace());
        match pattern.strip_prefix(b"[attr]") {
            Some(name) if folder.is_empty() && self.macros.len() < MACROS_MAX => {
                self.macros.push((String::from_utf8_lossy(name).into_owned(), assignments));
            }
            Some(_) => {}
            // A pattern for folders only says nothing about files.
            None if pattern.ends_with(b"/") => {}
            None if self.rules.len() >= RULES_MAX => {}
            None => {
                let pattern = Pattern::new(&pattern);
                self.rules.push(Rule { folder: folder.to_owned(), pattern, assignments });
            }
        }
    }

    fn assignments<'a>(&self, words: impl Iterator<Item = &'a str>) -> Vec<Assignment> {
        let mut list: Vec<Assignment> = Vec::new();
        let mut put = |name: &str, state: State| {
            // The last word about a name counts.
            list.retain(|(known, _)| known != name);
            if list.len() < WORDS_MAX {
                list.push((name.to_owned(), state));
            }
        };
        for word in words.take(WORDS_MAX) {
            let (name, state) = match (word.split_once('='), word.as_bytes().first()) {
                (Some((name, value)), _) => (name, State::Value(value.to_owned())),
                (None, Some(b'-')) => (&word[1..], State::Unset),
                (None, Some(b'!')) => (&word[1..], State::Unspecified),
                _ => (word, State::Set),
            };
            if state == State::Set {
                if name == "binary" {
                    ["diff", "merge", "text"].into_iter().for_each(|name| put(name, State::Unset));
                } else if let Some((_, members)) = self.macros.iter().rev().find(|(known, _)| known == name) {
                    members.iter().for_each(|(name, state)| put(name, state.clone()));
                }
            }
            put(name, state);
        }
        list
    }

    /// What is said about an attribute of the file at `path`; `None` if nothing is.
    pub fn state(&self, path: &str, name: &str) -> Option<&State> {
        self.rules
            .iter()
            .rev()
            .filter_map(|rule| {
                let (_, state) = rule.assignments.iter().find(|(known, _)| known == name)?;
                let inner = path.strip_prefix(rule.folder.as_str())?;
                rule.pattern.fits(inner).then_some(state)
            })
            .next()
            .filter(|state| **state != State::Unspecified)
    }

    /// Whether the file at `path` is kept as a large file, with a pointer in git.
    pub fn is_lfs(&self, path: &str) -> bool {
        matches!(self.state(path, "filter"), Some(State::Value(value)) if value == "lfs")
    }
}

/// Reads up to the closing quote; returns the text and what follows.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut plain = Vec::new();
    let mut rest = text;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((plain, rest)),
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                plain.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let octal = |digit: u8| digit.checked_sub(b'0').filter(|digit| *digit < 8);
                        (escape - b'0') * 64 + octal(digits[0])? * 8 + octal(digits[1])?
                    }
                    _ => return None,
                });
            }
            _ => plain.push(byte),
        }
    }
}

macro_rules! lfs_lines {
    ($($pattern:literal)*) => { concat!($($pattern, " filter=lfs diff=lfs merge=lfs -text\n"),*) };
}

/// The files of every kind of repository that are large by nature.
macro_rules! common_lines {
    () => {
        concat!(
            "# Weights and arrays\n",
            lfs_lines!("*.bin" "*.ckpt" "*.ftz" "*.gguf" "*.h5" "*.joblib" "*.mlmodel" "*.model" "*.msgpack" "*.npy"
                "*.npz" "*.onnx" "*.ot" "*.pb" "*.pickle" "*.pkl" "*.pt" "*.pth" "*.safetensors" "saved_model/**/*"
                "*.tflite" "*.wasm"),
            "# Tables and logs\n",
            lfs_lines!("*.arrow" "*.parquet" "*tfevents*"),
            "# Archives\n",
            lfs_lines!("*.7z" "*.bz2" "*.gz" "*.rar" "*.tar" "*.tar.*" "*.tgz" "*.xz" "*.zip" "*.zst"),
            "# Whatever says so itself\n",
            lfs_lines!("*.lfs.*")
        )
    };
}

/// The `.gitattributes` of a new model, Space or kernel.
pub const DEFAULT_MODEL: &str = common_lines!();
/// The `.gitattributes` of a new Space.
pub const DEFAULT_SPACE: &str = DEFAULT_MODEL;
/// The `.gitattributes` of a new dataset.
pub const DEFAULT_DATASET: &str = concat!(
    common_lines!(),
    lfs_lines!("*.lz4" "*.mds"),
    "# Sound\n",
    lfs_lines!("*.aac" "*.flac" "*.mp3" "*.ogg" "*.opus" "*.pcm" "*.raw" "*.sam" "*.wav"),
    "# Pictures and films\n",
    lfs_lines!("*.bmp" "*.gif" "*.jpeg" "*.jpg" "*.png" "*.tif" "*.tiff" "*.webp" "*.avi" "*.mkv" "*.mov" "*.mp4"
        "*.webm")
);

/// The `.gitattributes` of a new repository of this kind.
pub const fn default_for(kind: hub_core::RepoKind) -> &'static str {
    match kind {
        hub_core::RepoKind::Dataset => DEFAULT_DATASET,
        hub_core::RepoKind::Space => DEFAULT_SPACE,
        hub_core::RepoKind::Model | hub_core::RepoKind::Kernel => DEFAULT_MODEL,
        // A bucket is no git repository.
        hub_core::RepoKind::Bucket => "",
    }
}

#[cfg(test)]
mod tests;
