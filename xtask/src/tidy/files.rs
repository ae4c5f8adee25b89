//! The shape of source files: their size, their header, their names.

use super::{Finding, SourceFile};

/// A file that grows beyond this holds two things and is refused.
pub(super) const MAXIMUM_LINES: usize = 800;
/// A file beyond this is reported, so that its author splits it in time.
const LARGE_LINES: usize = 500;

pub(super) fn large(tree: &[SourceFile]) -> Vec<(&str, usize)> {
    tree.iter()
        .filter(|file| file.is_rust())
        .map(|file| (file.path.as_str(), file.text.lines().count()))
        .filter(|(_, lines)| (LARGE_LINES + 1..=MAXIMUM_LINES).contains(lines))
        .collect()
}

pub(super) fn check(tree: &[SourceFile]) -> Vec<Finding> {
    tree.iter().filter(|file| file.is_rust()).flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAXIMUM_LINES {
        findings.push(Finding::new(
            file,
            MAXIMUM_LINES + 1,
            format!("{lines} lines, at most {MAXIMUM_LINES}: move one of the nouns in it to a file of its own"),
        ));
    }
    // A `foo/tests.rs` says all with its path.
    if !file.text.starts_with("//!") && !file.path.ends_with("/tests.rs") {
        findings.push(Finding::new(file, 1, "open the file with `//!`: what it owns and why it exists"));
    }
    if file.path.ends_with("/mod.rs") {
        findings.push(Finding::new(file, 1, "name a module `foo.rs` beside `foo/`, never `mod.rs`"));
    }
    findings
}
