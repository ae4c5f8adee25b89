//! `cargo xtask tidy`: the rules of CONVENTIONS.md that a program can hold.
//!
//! Reads the tree once, then runs independent checks over it. A check returns findings; it never
//! stops at the first, so that one run shows everything. Each finding says what to do next.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

mod files;
mod layers;
mod migrations;
mod tables;
mod words;

/// Folders that hold what we write. Everything else (build output, data, environments) is not ours.
const ROOTS: [&str; 6] = ["bench", "crates", "xtask", "migrations", "compat", "fuzz"];
/// Folders inside those that tools fill.
const FOREIGN: [&str; 6] = ["target", "node_modules", ".venv", "__pycache__", "corpus", "artifacts"];
const MAXIMUM_DEPTH: usize = 16;

/// A file as tidy sees it: its path from the root, with forward slashes, and its text.
#[derive(Debug)]
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate that owns the file: `crates/NAME/…`.
    fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Test code may say things that the product may not.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// One breach: where, and what to do about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    advice: String,
}

impl Finding {
    fn new(file: &SourceFile, line: usize, advice: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// Runs every check; fails if one found something.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let tree = read_tree(root)?;
    for (file, lines) in files::large(&tree) {
        println!("note: {file} has {lines} lines; {} are refused", files::MAXIMUM_LINES + 1);
    }
    let mut findings = check(&tree)?;
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} findings", findings.len());
    }
    println!("tidy: {} files are in order", tree.len());
    Ok(())
}

fn check(tree: &[SourceFile]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = layers::check(tree)?;
    findings.extend(files::check(tree));
    findings.extend(migrations::check(tree));
    findings.extend(tables::check(tree));
    findings.extend(words::check(tree));
    Ok(findings)
}

fn read_tree(root: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut tree = Vec::new();
    for name in ROOTS {
        let folder = root.join(name);
        if folder.is_dir() {
            read_folder(root, &folder, 0, &mut tree)?;
        }
    }
    tree.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(tree)
}

fn read_folder(root: &Path, folder: &Path, depth: usize, tree: &mut Vec<SourceFile>) -> anyhow::Result<()> {
    if depth > MAXIMUM_DEPTH {
        bail!("{} lies deeper than {MAXIMUM_DEPTH} folders: is there a loop of links?", folder.display());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !FOREIGN.contains(&name) {
                read_folder(root, &path, depth + 1, tree)?;
            }
        } else if [".rs", ".sql"].iter().any(|end| name.ends_with(end)) || name == "Cargo.toml" {
            tree.push(read_file(root, &path)?);
        }
    }
    Ok(())
}

fn read_file(root: &Path, path: &PathBuf) -> anyhow::Result<SourceFile> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let relative = path.strip_prefix(root).unwrap_or(path);
    Ok(SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text })
}

#[cfg(test)]
mod tests;
