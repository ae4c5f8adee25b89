//! Papers that a README refers to.

/// What stands before the number of a paper. Compared without regard to case.
const BEFORE: &[&str] = &["arxiv.org/abs/", "arxiv.org/pdf/", "arxiv.org/html/", "/papers/", "arxiv:"];
/// A card with more is a bibliography.
const PAPERS_MAX: usize = 50;

/// The numbers of the papers on arXiv that a text links to, in order, each once.
pub(super) fn papers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // A number has its dot in the middle; from each dot the text around is looked at.
    for (dot, _) in text.match_indices('.') {
        let start = dot.checked_sub(4);
        let Some(before) = start.and_then(|start| text.get(..start)) else { continue };
        let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
        let after = digits(&text[dot + 1..]);
        let is_number = digits(&text[before.len()..]) == 4 && matches!(after, 4 | 5);
        let introduced = BEFORE.iter().any(|word| ends_with(before, word) || ends_with(before.trim_end(), word));
        let Some(number) = text.get(before.len()..dot + 1 + after) else { continue };
        if is_number && introduced && !found.contains(&number) {
            found.push(number);
            if found.len() == PAPERS_MAX {
                break;
            }
        }
    }
    found
}

fn ends_with(text: &str, word: &str) -> bool {
    let tail = text.len().checked_sub(word.len()).and_then(|start| text.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word))
}
