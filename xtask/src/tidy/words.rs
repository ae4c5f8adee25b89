//! Words that promise work instead of doing it.

use crate::rust_text::{PieceKind, split};

use super::{Finding, SourceFile};

const IN_CODE: [(&str, &str); 3] = [
    ("todo!", "finish it, or leave the feature out until it is finished"),
    ("unimplemented!", "finish it, or answer with an error that names what is missing"),
    ("#[ignore", "make the test pass or assert what happens today; a test that never runs proves nothing"),
];
const IN_COMMENTS: [(&str, &str); 1] = [("FIXME", "fix it, or write an issue and describe here what is")];

pub(super) fn check(tree: &[SourceFile]) -> Vec<Finding> {
    tree.iter().filter(|file| file.is_rust()).flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for piece in split(&file.text) {
        let words: &[(&str, &str)] = match piece.kind {
            PieceKind::Code => &IN_CODE,
            PieceKind::Comment => &IN_COMMENTS,
            PieceKind::Text => &[],
        };
        for (word, advice) in words {
            for (offset, _) in piece.text.match_indices(word) {
                let line = piece.line + piece.text[..offset].matches('\n').count();
                findings.push(Finding::new(file, line, format!("`{word}`: {advice}")));
            }
        }
    }
    findings
}
